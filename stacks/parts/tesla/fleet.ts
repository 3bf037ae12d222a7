/** Where Tesla's Fleet API is (https://developer.tesla.com/docs/fleet-api/getting-started/base-urls). */
import type { TeslaConfig } from "./schema.ts";

type Region = TeslaConfig["client"]["region"];

/** Host of a region; the proxy asks the one that the token names, and follows an answer 421 to another. */
export const fleetHost = (region: Region): string => `fleet-api.prd.${region}.vn.cloud.tesla.com`;

export const fleetHosts: readonly string[] = (["na", "eu"] satisfies Region[]).map(fleetHost);

/** Signals and their intervals as vehicles are told them (Fleet API, fleet_telemetry_config create). */
export function telemetryFields(signals: TeslaConfig["signals"]) {
  return Object.fromEntries(
    Object.entries(signals).map(([name, { everySeconds, atLeast, resendSeconds }]) => [
      name,
      {
        interval_seconds: everySeconds,
        ...(atLeast === undefined ? {} : { minimum_delta: atLeast }),
        ...(resendSeconds === undefined ? {} : { resend_interval_seconds: resendSeconds }),
      },
    ]),
  );
}

/** What vehicles are told of where to stream, what and how, beside the authorities. */
export function vehicleConfig({ hostname, port, signals }: TeslaConfig) {
  return {
    ...{ hostname, port, fields: telemetryFields(signals) },
    alert_types: ["service"],
    // Numbers come as numbers and truths as truths, where vehicles would write texts otherwise.
    prefer_typed: true,
    // By this alone vehicles heed that nobody acknowledged signals, and send their newest values again (fleet-telemetry, issue 318).
    delivery_policy: "latest",
  };
}

/** What a push asks the proxy for: it signs `config`, and Tesla takes it to the vehicles. `authorities` are in PEM form. */
export function pushBody(tesla: TeslaConfig, authorities: string) {
  return {
    vins: Object.values(tesla.vehicles),
    config: { ...vehicleConfig(tesla), ca: authorities },
  };
}
