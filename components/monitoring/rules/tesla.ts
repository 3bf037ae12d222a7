import { signalsPerDollar } from "../../tesla/billing.ts";
import { reader, server } from "../../tesla/names.ts";
import { grown, type AlertGroup } from "./alert.ts";

/** Telemetry of Tesla vehicles that tells of itself. */
export interface TeslaWatch {
  /** Signals within a day of which somebody is told. */
  readonly mostPerDay: number;
}

/** Signals of all vehicles within a day. The server's own `signal_count` counts what it refuses alone (its issue 351). */
export const signalsOfDay = `sum(increase(tesla_signals_total{job="${reader}"}[1d]))`;

/** Days without a record after which somebody is told; a vehicle that is not driven for a while sends nothing. */
const silentDays = 7;

/** When the last record of any vehicle was. A reader that begins anew knows of none: what was told before still holds, for as long again. */
const lastRecord = `max(last_over_time(tesla_record_timestamp_seconds{job="${reader}"}[${2 * silentDays}d]))`;

/**
 * Alerts on telemetry of Tesla vehicles. Metrics are the server's (fleet-telemetry v0.9.4, datastore/kafka/kafka.go) and the
 * site's own (components/tesla/scripts/signals.star). That nobody answers is told of like all of the site's jobs.
 */
export function teslaAlerts({ mostPerDay }: TeslaWatch): AlertGroup {
  return {
    name: "tesla",
    alerts: [
      {
        name: "TeslaSignalsMany",
        severity: "warning",
        expression: `${signalsOfDay} > ${mostPerDay}`,
        for: "15m",
        summary: "Tesla vehicles have sent {{ $value | humanize }} signals within a day",
        description: `Tesla bills them, ${signalsPerDollar} for a dollar; ${mostPerDay} a day are meant.`,
      },
      {
        name: "TeslaVehiclesSilent",
        severity: "warning",
        expression: `time() - ${lastRecord} > ${silentDays * 86_400}`,
        for: "1h",
        summary: "no Tesla vehicle has sent anything for {{ $value | humanizeDuration }}",
        description: `More than ${silentDays} days: vehicles do not reach the server, or sleep.`,
      },
      {
        name: "TeslaRecordsRefused",
        severity: "critical",
        expression: `sum by (job) (${grown(`kafka_err{job="${server}"}`, "15m")})`,
        for: "5m",
        summary: "Kafka does not take records of Tesla vehicles",
        description:
          "Vehicles send the newest values of signals again later; values in between, alerts and errors are lost.",
      },
    ],
  };
}
