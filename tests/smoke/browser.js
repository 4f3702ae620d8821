// SPDX-License-Identifier: BSD-3-Clause
// browser.js PORT FOLDER: the status page at 127.0.0.1:PORT in a real Chromium, over its DevTools protocol. Prints one JSON object of what was seen; pictures go into FOLDER.
"use strict";
const {spawn} = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const WebSocket = require("ws");

const [port, folder] = process.argv.slice(2);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const seen = {console: [], requests: [], walk: []};

async function start() {
	const profile = path.join(folder, "chromium");
	const child = spawn("chromium", ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"], {stdio: "ignore"});
	process.on("exit", () => child.kill("SIGKILL"));
	const file = path.join(profile, "DevToolsActivePort");
	while (!fs.existsSync(file) || !fs.readFileSync(file, "utf8").includes("\n")) await sleep(50);
	const [debug] = fs.readFileSync(file, "utf8").split("\n");
	const pages = await (await fetch(`http://127.0.0.1:${debug}/json/list`)).json();
	return pages.find((page) => page.type === "page").webSocketDebuggerUrl;
}

// One connection: call(method, parameters) gives the result.
async function connect(url) {
	const socket = new WebSocket(url), waiting = new Map();
	let id = 0;
	await new Promise((done, fail) => socket.on("open", done).on("error", fail));
	socket.on("message", (data) => {
		const message = JSON.parse(data);
		if (message.id) {
			const {done, fail} = waiting.get(message.id);
			waiting.delete(message.id);
			if (message.error) fail(new Error(JSON.stringify(message.error)));
			else done(message.result);
		} else if (message.method === "Runtime.exceptionThrown") seen.console.push(message.params.exceptionDetails.exception.description);
		else if (message.method === "Runtime.consoleAPICalled") seen.console.push(message.params.args.map((a) => a.value).join(" "));
		else if (message.method === "Log.entryAdded") seen.console.push(message.params.entry.text);
		else if (message.method === "Network.requestWillBeSent") seen.requests.push(message.params.request.url);
	});
	return (method, parameters = {}) => new Promise((done, fail) => {
		waiting.set(++id, {done, fail});
		socket.send(JSON.stringify({id, method, params: parameters}));
	});
}

async function main() {
	const call = await connect(await start());
	const value = async (expression) => (await call("Runtime.evaluate", {expression, awaitPromise: true, returnByValue: true})).result.value;
	const until = async (expression) => { while (!await value(expression)) await sleep(100); };
	// The same for what is looked at behind it: where it does not come about in a minute, what there is instead is told.
	const soon = async (expression) => { for (let i = 0; i < 600 && !await value(expression); i++) await sleep(100); };
	const picture = async (name) => fs.writeFileSync(path.join(folder, name), Buffer.from((await call("Page.captureScreenshot", {captureBeyondViewport: true})).data, "base64"));
	const look = async (name, width, height, scheme) => {
		await call("Emulation.setDeviceMetricsOverride", {width, height, deviceScaleFactor: 1, mobile: width < 600});
		await call("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value: scheme}]});
		await soon(`(innerWidth === ${width} || document.documentElement.clientWidth === ${width}) && matchMedia("(prefers-color-scheme: ${scheme})").matches`);
		await sleep(1500); // for the picture
		await picture(name);
		return value(`({background: getComputedStyle(document.body).backgroundColor, color: getComputedStyle(document.body).color,
			overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
			small: [...document.querySelectorAll("nav button")].filter((b) => b.getBoundingClientRect().height < 32).length})`);
	};
	const key = async (name, code) => {
		for (const type of ["keyDown", "keyUp"])
			await call("Input.dispatchKeyEvent", {type, key: name, code: name, windowsVirtualKeyCode: code, text: type === "keyDown" && name === "Enter" ? "\r" : undefined});
	};

	for (const domain of ["Runtime", "Log", "Network", "Page"]) await call(domain + ".enable");
	await call("Page.navigate", {url: `http://127.0.0.1:${port}/`});
	await until(`document.querySelector("#state")?.textContent === "ready" && document.querySelectorAll("#account tr").length > 10`);
	await soon(`document.querySelector("#account td.n").textContent !== "0" && document.querySelectorAll("#workerlist .bar").length > 0`);
	await sleep(4000); // for lines in the picture
	seen.light = await look("light.png", 1280, 1100, "light");
	seen.dark = await look("dark.png", 1280, 1100, "dark");
	seen.phone = await look("phone.png", 390, 844, "light");
	await call("Emulation.setDeviceMetricsOverride", {width: 1280, height: 600, deviceScaleFactor: 1, mobile: false});

	// Tab from the top of the page through all that can be operated; Enter takes one to the section.
	await value("document.activeElement.blur(), window.scrollTo(0, 0)");
	const buttons = await value(`[...document.querySelectorAll("nav button")].map((b) => b.textContent)`);
	for (const name of buttons) {
		await key("Tab", 9);
		seen.walk.push([name, await value("document.activeElement.textContent"),
			await value(`getComputedStyle(document.activeElement).outlineStyle !== "none" && document.activeElement.matches(":focus-visible")`)]);
	}
	await key("Enter", 13);
	await soon(`document.activeElement.querySelector("h2") && document.activeElement.getBoundingClientRect().top < innerHeight`); // it scrolls smoothly
	seen.entered = await value(`[document.activeElement.querySelector("h2")?.textContent, document.activeElement.getBoundingClientRect().top < innerHeight]`);

	seen.page = await value(`({title: document.title, port: document.querySelector("#portlist td").textContent, tiles: document.querySelectorAll(".tile").length,
		received: document.querySelector("#account td.n").textContent, workers: document.querySelectorAll("#workerlist .bar").length,
		injected: "injected" in window || document.images.length > 0, nodes: document.querySelectorAll("*").length})`);
	// A page that is left open: as many nodes and as much memory behind many turns as before.
	await value(`new Promise(async (done) => { for (let i = 0; i < 300; i++) { const s = await (await fetch("api/status")).json(); show(s); } done(); })`);
	await call("HeapProfiler.collectGarbage");
	const heap = (await call("Runtime.getHeapUsage")).usedSize;
	await value(`new Promise(async (done) => { for (let i = 0; i < 1000; i++) { const s = await (await fetch("api/status")).json(); show(s); } done(); })`);
	await call("HeapProfiler.collectGarbage");
	seen.grown = {heap: (await call("Runtime.getHeapUsage")).usedSize - heap, nodes: await value(`document.querySelectorAll("*").length`) - seen.page.nodes};
	seen.requests = [...new Set(seen.requests)];
	// The appliance goes away: the page says so.
	process.stdout.write(JSON.stringify(seen) + "\n");
	await new Promise((done) => process.stdin.once("data", done));
	await until(`!document.querySelector("#gone").hidden`);
	process.stdout.write(JSON.stringify({gone: await value(`document.querySelector("#gone").textContent`)}) + "\n");
	process.exit(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
