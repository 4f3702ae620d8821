/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_RECORD_VEHICLE_TELEMETRY_H
#define TP_RECORD_VEHICLE_TELEMETRY_H
/*
 * Signals of one vehicle at one time under the names of the COVESA Vehicle Signal Specification (VSS 6). Well-known signals are columns
 * in the unit of VSS; every other one is kept in `signals` under its full name. The JSON forms are in docs/formats.md.
 */
/* clang-format off */
#define TP_ENUMS_vehicle_telemetry(X)
#define TP_NESTED_vehicle_telemetry(X) X(vehicle_signal)
#define TP_FIELDS_vehicle_signal(X, K) \
	X(K, REQ, STR, name, _, "Full name, parts separated by dots") \
	X(K, OPT, FLOAT, number, _, "Value, where it is a number") \
	X(K, OPT, STR, text, _, "Value, where it is text; arrays, and numbers a double cannot hold, as their JSON text") \
	X(K, OPT, BOOL, boolean, _, "Value, where it is true or false")

#define TP_FIELDS_vehicle_telemetry(X, K) \
	X(K, OPT, STR, vin, _, "Vehicle identification number, or what the sender uses for it") \
	X(K, OPT, FLOAT, speed, _, "Vehicle.Speed, km/h") \
	X(K, OPT, FLOAT, latitude, _, "Vehicle.CurrentLocation.Latitude, degrees") \
	X(K, OPT, FLOAT, longitude, _, "Vehicle.CurrentLocation.Longitude, degrees") \
	X(K, OPT, FLOAT, altitude, _, "Vehicle.CurrentLocation.Altitude, m above WGS 84") \
	X(K, OPT, FLOAT, heading, _, "Vehicle.CurrentLocation.Heading, degrees from north") \
	X(K, OPT, FLOAT, horizontal_accuracy, _, "Vehicle.CurrentLocation.HorizontalAccuracy, m") \
	X(K, OPT, FLOAT, traveled_distance, _, "Vehicle.TraveledDistance, km") \
	X(K, OPT, FLOAT, acceleration_longitudinal, _, "Vehicle.Acceleration.Longitudinal, m/s2") \
	X(K, OPT, FLOAT, acceleration_lateral, _, "Vehicle.Acceleration.Lateral, m/s2") \
	X(K, OPT, FLOAT, acceleration_vertical, _, "Vehicle.Acceleration.Vertical, m/s2") \
	X(K, OPT, FLOAT, yaw_rate, _, "Vehicle.AngularVelocity.Yaw, degrees/s") \
	X(K, OPT, BOOL, is_moving, _, "Vehicle.IsMoving") \
	X(K, OPT, STR, low_voltage_state, _, "Vehicle.LowVoltageSystemState") \
	X(K, OPT, FLOAT, low_voltage, _, "Vehicle.LowVoltageBattery.CurrentVoltage, V") \
	X(K, OPT, FLOAT, ambient_air_temperature, _, "Vehicle.Exterior.AirTemperature, degrees C") \
	X(K, OPT, FLOAT, engine_speed, _, "Vehicle.Powertrain.CombustionEngine.Speed, rpm") \
	X(K, OPT, FLOAT, engine_coolant_temperature, _, "Vehicle.Powertrain.CombustionEngine.EngineCoolant.Temperature (VSS 4: ECT), degrees C") \
	X(K, OPT, FLOAT, fuel_level, _, "Vehicle.Powertrain.FuelSystem.RelativeLevel, per cent") \
	X(K, OPT, FLOAT, fuel_consumption, _, "Vehicle.Powertrain.FuelSystem.InstantConsumption, l/100 km") \
	X(K, OPT, FLOAT, battery_charge, _, "Vehicle.Powertrain.TractionBattery.StateOfCharge.Current, per cent") \
	X(K, OPT, FLOAT, battery_temperature, _, "Vehicle.Powertrain.TractionBattery.Temperature.Average, degrees C") \
	X(K, OPT, BOOL, battery_charging, _, "Vehicle.Powertrain.TractionBattery.Charging.IsCharging") \
	X(K, OPT, FLOAT, range, _, "Vehicle.Powertrain.Range, m") \
	X(K, OPT, FLOAT, current_gear, _, "Vehicle.Powertrain.Transmission.CurrentGear") \
	X(K, OPT, FLOAT, accelerator_pedal, _, "Vehicle.Chassis.Accelerator.PedalPosition, per cent") \
	X(K, OPT, FLOAT, brake_pedal, _, "Vehicle.Chassis.Brake.PedalPosition, per cent") \
	X(K, OPT, FLOAT, steering_wheel_angle, _, "Vehicle.Chassis.SteeringWheel.Angle, degrees, left is positive") \
	X(K, OPT, FLOAT, tire_pressure_front_left, _, "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Pressure, kPa") \
	X(K, OPT, FLOAT, tire_pressure_front_right, _, "Vehicle.Chassis.Axle.Row1.Wheel.Right.Tire.Pressure, kPa") \
	X(K, OPT, FLOAT, tire_pressure_rear_left, _, "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.Pressure, kPa") \
	X(K, OPT, FLOAT, tire_pressure_rear_right, _, "Vehicle.Chassis.Axle.Row2.Wheel.Right.Tire.Pressure, kPa") \
	X(K, OPT, FLOAT, dtc_count, _, "Vehicle.OBD.Status.DTCCount") \
	X(K, REQ, ARRAY, signals, vehicle_signal, "Every other signal, in the order received") \
	X(K, OPT, STR, time_text, _, "The time as written, where it could not be understood")
/* clang-format on */

#endif
