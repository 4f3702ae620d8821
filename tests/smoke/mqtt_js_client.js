// SPDX-License-Identifier: BSD-3-Clause
// Publishes with MQTT.js, for the smoke tests. Reads a list of sessions from standard input, holds them one after the other and prints, as JSON, which
// messages of each were acknowledged. A session: {url, options, qos, topic, messages}.
const fs = require("fs");
const mqtt = require("mqtt");

function publish(client, session, message) {
  return new Promise((resolve, reject) =>
    client.publish(session.topic, message, { qos: session.qos }, (error) => (error ? reject(error) : resolve(message))));
}

async function hold(session) {
  const options = { ...session.options, reconnectPeriod: 0 };
  for (const name of ["ca", "cert", "key"]) {
    if (options[name]) options[name] = fs.readFileSync(options[name]);
  }
  const client = mqtt.connect(session.url, options);
  await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject).once("close", () => reject(new Error("closed"))));
  const acknowledged = await Promise.all(session.messages.map((message) => publish(client, session, message)));
  await client.endAsync();
  return acknowledged;
}

(async () => {
  const answers = [];
  for (const session of JSON.parse(fs.readFileSync(0))) {
    answers.push(await hold(session).catch((error) => ({ error: `${error.code}: ${error.message}` })));
  }
  console.log(JSON.stringify(answers));
})();
