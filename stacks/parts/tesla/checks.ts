import { nameProblems } from "../../../components/edge/public-name.ts";
import { addressNumber } from "../../../components/network/cidr.ts";
import { isWithheld, poolRange, poolText } from "../../../components/network/pool.ts";
import type { Problem } from "../../../components/problem.ts";
import { signalNames } from "../../../components/tesla/signals.ts";
import { publicAppNames } from "../../apps/names.ts";
import type { SiteConfig } from "../../schema.ts";
import { publicRoutes } from "../gateway/published.ts";
import type { TeslaConfig } from "./schema.ts";
import { teslaKeyNames } from "./names.ts";

const section = "homelab:tesla";

/** Vehicles find the server and the key, it has where to keep records, and what is asked of vehicles is what they know. */
export function checkTesla(config: SiteConfig): readonly Problem[] {
  const { tesla } = config;
  if (tesla === undefined) return [];
  return [
    ...cluster(config, tesla),
    ...key(config),
    ...address(config, tesla),
    ...vehicles(tesla),
    ...signals(tesla),
  ];
}

function cluster({ kafka }: SiteConfig, tesla: TeslaConfig): readonly Problem[] {
  // Without the part it is said that it is needed.
  if (kafka === undefined || tesla.kafka in kafka.clusters) return [];
  const known = Object.keys(kafka.clusters).join(", ") || "none";
  const text = `${tesla.kafka} is no cluster of homelab:kafka, which keeps the records; known are ${known}`;
  return [{ path: `${section}.kafka`, text }];
}

/** Where Tesla finds the key is a public name like others, and its alone. */
function key(config: SiteConfig): readonly Problem[] {
  const { edge } = config;
  if (edge === undefined) return [];
  const taken = [...publicAppNames(config.apps), ...publicRoutes(config)].map(
    ({ hostname }) => hostname,
  );
  const rules = { ...edge, policies: Object.keys(edge.access) };
  return teslaKeyNames(config).flatMap((name) =>
    nameProblems(name, rules, taken).map(({ text }) => ({ path: name.from, text })),
  );
}

function address(
  { network: { loadBalancers }, gateway, names }: SiteConfig,
  { address: own }: TeslaConfig,
): readonly Problem[] {
  const path = `${section}.address`;
  const { first, last } = poolRange(loadBalancers);
  const number = addressNumber(own);
  if (number < first || number > last || isWithheld(loadBalancers, own)) {
    const text = `${own} is not given away by ${poolText(loadBalancers)} of homelab:network.loadBalancers, whose addresses alone are announced; use another one of it`;
    return [{ path, text }];
  }
  const others = { "homelab:gateway.lan": gateway?.lan.address, "homelab:names": names?.address };
  return Object.entries(others).flatMap(([other, taken]) =>
    taken === own
      ? [{ path, text: `${own} is ${other}.address already; give each its own address` }]
      : [],
  );
}

function vehicles({ vehicles: all }: TeslaConfig): readonly Problem[] {
  return Object.entries(all).flatMap(([name, vin], i, list) => {
    const first = list.find(([, other]) => other === vin);
    if (first === undefined || list.indexOf(first) === i) return [];
    const text = `is the vehicle ${first[0]} already; give each its own number`;
    return [{ path: `${section}.vehicles.${name}`, text }];
  });
}

/** Tesla takes a push with a misspelt signal, and the vehicle never sends it. */
function signals({ signals: all }: TeslaConfig): readonly Problem[] {
  return Object.keys(all)
    .filter((name) => !signalNames.has(name))
    .map((name) => {
      const near = nearest(name);
      const text = `is no signal of Tesla's list${near.length === 0 ? "" : `; is it ${near.join(" or ")}?`} docs/apps/tesla.md says where the list is`;
      return { path: `${section}.signals.${name}`, text };
    });
}

/** Signals that differ in case alone, else those that hold the name or are held by it. */
function nearest(name: string): readonly string[] {
  const lower = name.toLowerCase();
  const all = [...signalNames];
  const same = all.filter((one) => one.toLowerCase() === lower);
  if (same.length > 0) return same;
  return all
    .filter((one) => one.toLowerCase().includes(lower) || lower.includes(one.toLowerCase()))
    .slice(0, 3);
}
