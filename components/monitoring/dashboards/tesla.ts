import { signalsPerDollar } from "../../tesla/billing.ts";
import { reader, server } from "../../tesla/names.ts";
import { signalsOfDay, type TeslaWatch } from "../rules/tesla.ts";
import { graph, noneIsGood, stat, table, type Dashboard } from "./panels.ts";

const counted = `job="${reader}"`;
const served = `job="${server}"`;

/** Telemetry of Tesla vehicles: what they send, what that costs, and whether Kafka takes it. */
export function teslaDashboard({ mostPerDay }: TeslaWatch): Dashboard {
  return {
    ...{ name: "homelab-tesla", title: "Tesla" },
    panels: [
      stat("Signals within a day", signalsOfDay, {
        steps: [
          { color: "green" },
          { color: "yellow", from: mostPerDay * 0.8 },
          { color: "red", from: mostPerDay },
        ],
      }),
      stat(
        "Cost of 30 such days, before the discount",
        `${signalsOfDay} * 30 / ${signalsPerDollar}`,
        {
          unit: "currencyUSD",
        },
      ),
      stat("Vehicles that are connected", `sum(tesla_connected{${counted}})`),
      stat("Last record", `time() - max(tesla_record_timestamp_seconds{${counted}})`, {
        unit: "dtdurations",
      }),
      stat(
        "Records that Kafka refused (1 h)",
        `sum(increase(kafka_err{${served}}[1h])) or vector(0)`,
        {
          steps: noneIsGood,
        },
      ),
      stat("Records that wait for Kafka", `sum(kafka_produce_queue_size{${served},type="total"})`),
      graph("Signals a minute, by vehicle", [
        {
          expression: `sum by (vehicle) (rate(tesla_signals_total{${counted}}[$__rate_interval])) * 60`,
          legend: "{{vehicle}}",
        },
      ]),
      graph("Signals a minute, the ten that cost the most", [
        {
          expression: `topk(10, sum by (signal) (rate(tesla_signals_total{${counted}}[$__rate_interval])) * 60)`,
          legend: "{{signal}}",
        },
      ]),
      graph("Records a minute, by sort", [
        {
          expression: `sum by (record_type) (rate(kafka_produce_ack_total{${served}}[$__rate_interval])) * 60`,
          legend: "{{record_type}}",
        },
      ]),
      graph(
        "Battery",
        [
          {
            expression: `max by (vehicle) (tesla_signal{${counted},signal=~"Soc|BatteryLevel"})`,
            legend: "{{vehicle}}",
          },
        ],
        { unit: "percent", max: 100 },
      ),
      table("Last values", `max by (vehicle, signal) (tesla_signal{${counted}})`),
    ],
  };
}
