/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TP_TELEMETRY_VSS_H
#define TP_TELEMETRY_VSS_H
/*
 * The VSS signals that have a column in vehicle_telemetry: X(column, type, full name), in groups by the length of the name, because that
 * is what a name is looked up by first. Names of older VSS releases lead to the same column.
 */
/* clang-format off */
#define VSS_13(X) \
	X(speed, FLOAT, "Vehicle.Speed")
#define VSS_16(X) \
	X(is_moving, BOOL, "Vehicle.IsMoving")
#define VSS_24(X) \
	X(traveled_distance, FLOAT, "Vehicle.TraveledDistance") \
	X(range, FLOAT, "Vehicle.Powertrain.Range")
#define VSS_27(X) \
	X(yaw_rate, FLOAT, "Vehicle.AngularVelocity.Yaw") \
	X(dtc_count, FLOAT, "Vehicle.OBD.Status.DTCCount")
#define VSS_28(X) \
	X(acceleration_lateral, FLOAT, "Vehicle.Acceleration.Lateral") \
	X(dtc_count, FLOAT, "Vehicle.Diagnostics.DTCCount")
#define VSS_29(X) \
	X(acceleration_vertical, FLOAT, "Vehicle.Acceleration.Vertical") \
	X(low_voltage_state, TEXT, "Vehicle.LowVoltageSystemState")
#define VSS_31(X) \
	X(heading, FLOAT, "Vehicle.CurrentLocation.Heading") \
	X(ambient_air_temperature, FLOAT, "Vehicle.Exterior.AirTemperature")
#define VSS_32(X) \
	X(latitude, FLOAT, "Vehicle.CurrentLocation.Latitude") \
	X(altitude, FLOAT, "Vehicle.CurrentLocation.Altitude")
#define VSS_33(X) \
	X(vin, TEXT, "Vehicle.VehicleIdentification.VIN") \
	X(longitude, FLOAT, "Vehicle.CurrentLocation.Longitude") \
	X(acceleration_longitudinal, FLOAT, "Vehicle.Acceleration.Longitudinal")
#define VSS_35(X) \
	X(brake_pedal, FLOAT, "Vehicle.Chassis.Brake.PedalPosition") \
	X(steering_wheel_angle, FLOAT, "Vehicle.Chassis.SteeringWheel.Angle")
#define VSS_39(X) \
	X(engine_coolant_temperature, FLOAT, "Vehicle.Powertrain.CombustionEngine.ECT")
#define VSS_40(X) \
	X(low_voltage, FLOAT, "Vehicle.LowVoltageBattery.CurrentVoltage")
#define VSS_41(X) \
	X(engine_speed, FLOAT, "Vehicle.Powertrain.CombustionEngine.Speed") \
	X(accelerator_pedal, FLOAT, "Vehicle.Chassis.Accelerator.PedalPosition")
#define VSS_42(X) \
	X(horizontal_accuracy, FLOAT, "Vehicle.CurrentLocation.HorizontalAccuracy")
#define VSS_43(X) \
	X(fuel_level, FLOAT, "Vehicle.Powertrain.FuelSystem.RelativeLevel") \
	X(current_gear, FLOAT, "Vehicle.Powertrain.Transmission.CurrentGear")
#define VSS_48(X) \
	X(fuel_consumption, FLOAT, "Vehicle.Powertrain.FuelSystem.InstantConsumption")
#define VSS_50(X) \
	X(tire_pressure_front_left, FLOAT, "Vehicle.Chassis.Axle.Row1.Wheel.Left.Tire.Pressure") \
	X(tire_pressure_rear_left, FLOAT, "Vehicle.Chassis.Axle.Row2.Wheel.Left.Tire.Pressure")
#define VSS_51(X) \
	X(tire_pressure_front_right, FLOAT, "Vehicle.Chassis.Axle.Row1.Wheel.Right.Tire.Pressure") \
	X(tire_pressure_rear_right, FLOAT, "Vehicle.Chassis.Axle.Row2.Wheel.Right.Tire.Pressure")
#define VSS_54(X) \
	X(battery_temperature, FLOAT, "Vehicle.Powertrain.TractionBattery.Temperature.Average") \
	X(battery_charging, BOOL, "Vehicle.Powertrain.TractionBattery.Charging.IsCharging")
#define VSS_56(X) \
	X(battery_charge, FLOAT, "Vehicle.Powertrain.TractionBattery.StateOfCharge.Current")
#define VSS_61(X) \
	X(engine_coolant_temperature, FLOAT, "Vehicle.Powertrain.CombustionEngine.EngineCoolant.Temperature")
/* clang-format on */
#define VSS_LENGTHS(X)                                                                                                             \
	X(13)                                                                                                                      \
	X(16) X(24) X(27) X(28) X(29) X(31) X(32) X(33) X(35) X(39) X(40) X(41) X(42) X(43) X(48) X(50) X(51) X(54) X(56) X(61)

#endif
