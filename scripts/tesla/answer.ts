/** What Tesla says of a push. */
import { z } from "zod";
import type { TeslaConfig } from "../../stacks/parts/tesla/schema.ts";

const answer = z.object({
  response: z.object({
    updated_vehicles: z.number().default(0),
    skipped_vehicles: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  }),
});

/** Why vehicles are left out (Fleet API, fleet_telemetry_config create), and what to do. */
const reasons: Readonly<Record<string, (tesla: TeslaConfig) => string>> = {
  missing_key: ({ key }) =>
    `pair it first: https://tesla.com/_ak/${key.hostname} on its owner's phone`,
  unsupported_hardware: () => "its hardware cannot stream; remove it from homelab:tesla.vehicles",
  unsupported_firmware: () =>
    "its firmware is older than 2024.26, or 2025.20 for a Model S or X with an Intel Atom; update the vehicle",
  max_configs: () =>
    "it streams to as many applications as it can; remove one of them in Tesla's account",
};

/**
 * Throws unless all vehicles were told. `printed` is what curl has printed: the body, and the status in the last line; or its error
 * alone.
 */
export function judgeAnswer(printed: string, tesla: TeslaConfig): void {
  const text = printed.trimEnd();
  const [, body = "", status = ""] = /^([\s\S]*)\n(\d{3})$/.exec(text) ?? [];
  if (status !== "200") {
    const words = status === "" ? text : `answers ${status}: ${body.trim()}`;
    throw new Error(`Tesla has taken nothing: ${words.slice(0, 1000)}${hint(status)}`);
  }
  const { response } = answer.parse(JSON.parse(body));
  const names = new Map(Object.entries(tesla.vehicles).map(([name, vin]) => [vin, name]));
  const left = Object.entries(response.skipped_vehicles ?? {}).flatMap(([reason, vins]) =>
    (vins ?? []).map((vin) => `${names.get(vin) ?? vin}: ${reasons[reason]?.(tesla) ?? reason}`),
  );
  if (left.length > 0) throw new Error(`vehicles were left out:\n  ${left.join("\n  ")}`);
  if (response.updated_vehicles < names.size)
    throw new Error(
      `Tesla has told ${response.updated_vehicles} of ${names.size} vehicles, and does not say why`,
    );
}

function hint(status: string): string {
  if (status === "401" || status === "403")
    return ". Log in again as the vehicles' owner, with all that is asked for";
  if (status === "412") return ". The domain is not registered: npm run tesla -- register";
  return "";
}
