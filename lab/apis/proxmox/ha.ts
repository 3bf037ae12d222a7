import { createHash } from "node:crypto";
import { part } from "../web/exchange.ts";
import { failure, parameterError } from "./api-error.ts";
import type { Parameters } from "./parameters.ts";
import type { Route } from "./route.ts";
import type { Site } from "./site.ts";
import type { Settings } from "./store.ts";

/*
 * High availability is kept and answered, not acted upon: the lab moves no VM when a host fails, and
 * a requested state starts or stops nothing.
 */

const resourceNames = ["comment", "failback", "max_relocate", "max_restart", "state", "type"];
const ruleNames = [
  ...["type", "resources", "nodes", "strict", "disable", "affinity", "comment", "digest"],
];
const states = ["started", "stopped", "enabled", "disabled", "ignored"];

export function haResourceOf(site: Site, vmid: number): Settings | undefined {
  return site.store.state.haResources[`vm:${vmid}`];
}

/** A start or stop of a managed VM changes the state that HA is asked to keep, as on a real host. */
export function noteHaState(site: Site, vmid: number, state: "started" | "stopped"): void {
  const resource = haResourceOf(site, vmid);
  if (resource === undefined || resource.state === "ignored") return;
  site.store.change(() => (resource.state = state));
}

/** Takes a VM out of HA and out of every rule; a rule without resources goes too. */
export function forgetHaResource(site: Site, vmid: number): void {
  const sid = `vm:${vmid}`;
  site.store.change((state) => {
    const others = Object.entries(state.haResources).filter(([id]) => id !== sid);
    state.haResources = Object.fromEntries(others);
    for (const rule of Object.values(state.haRules)) {
      const kept = String(rule.resources)
        .split(",")
        .filter((id) => id !== sid);
      rule.resources = kept.join(",");
    }
    const rules = Object.entries(state.haRules).filter(([, rule]) => rule.resources !== "");
    state.haRules = Object.fromEntries(rules);
  });
}

function settingsOf(parameters: Parameters, names: readonly string[]): Settings {
  const settings: Settings = {};
  for (const name of names) {
    const value = parameters.text(name);
    if (value !== undefined && name !== "digest") settings[name] = value;
  }
  return settings;
}

const numeric = new Set(["max_restart", "max_relocate", "failback", "strict", "disable"]);

function answer(idName: string, id: string, settings: Settings): Record<string, unknown> {
  const shown = Object.entries(settings).map(([name, value]) => [
    name,
    numeric.has(name) ? Number(value) : value,
  ]);
  const digest = createHash("sha1").update(JSON.stringify(settings)).digest("hex");
  return { [idName]: id, ...(Object.fromEntries(shown) as Record<string, unknown>), digest };
}

/** `cluster/ha/resources` and `cluster/ha/rules`. */
export function haRoutes(site: Site): Route[] {
  return [
    ...collection(site, {
      path: "cluster/ha/resources",
      idName: "sid",
      names: resourceNames,
      table: "haResources",
      unknown: (id) => `no such resource '${id}'`,
      check: (id, settings) => {
        const vmid = /^vm:(\d+)$/.exec(id)?.[1];
        if (vmid === undefined)
          throw parameterError({ sid: `'${id}' is not supported: the lab manages vm:ID only` });
        if (site.store.state.vms[vmid] === undefined)
          throw failure(`unable to add resource '${id}': VM not found in the cluster`);
        settings.type ??= "vm";
        settings.state ??= "started";
        if (!states.includes(String(settings.state)))
          throw parameterError({
            state: `value '${String(settings.state)}' does not have a value in the enumeration '${states.join(", ")}'`,
          });
      },
    }),
    ...collection(site, {
      path: "cluster/ha/rules",
      idName: "rule",
      names: ruleNames,
      table: "haRules",
      unknown: (id) => `no such ha rule '${id}'`,
      check: (_id, settings) => {
        checkRule(site, settings);
      },
    }),
  ];
}

function checkRule(site: Site, settings: Settings): void {
  if (!["node-affinity", "resource-affinity"].includes(String(settings.type)))
    throw parameterError({ type: "value must be node-affinity or resource-affinity" });
  for (const sid of String(settings.resources ?? "").split(","))
    if (site.store.state.haResources[sid] === undefined)
      throw parameterError({ resources: `no such ha resource '${sid}'` });
  for (const entry of String(settings.nodes ?? "")
    .split(",")
    .filter((text) => text !== "")) {
    const name = entry.split(":")[0];
    if (!site.inventory.hosts.some((host) => host.name === name))
      throw parameterError({ nodes: `node '${name}' is not a member of the cluster` });
  }
  if (settings.type === "node-affinity" && settings.nodes === undefined)
    throw parameterError({ nodes: "property is missing and it is not optional" });
}

interface Collection {
  readonly path: string;
  readonly idName: "sid" | "rule";
  readonly names: readonly string[];
  readonly table: "haResources" | "haRules";
  readonly unknown: (id: string) => string;
  /** Fills defaults; throws for what Proxmox refuses. */
  readonly check: (id: string, settings: Settings) => void;
}

function collection(site: Site, of: Collection): Route[] {
  const find = (id: string): Settings => {
    const found = site.store.state[of.table][id];
    if (found === undefined) throw failure(of.unknown(id));
    return found;
  };
  return [
    {
      method: "GET",
      path: of.path,
      parameters: ["type", "resource"],
      handle: () =>
        Object.entries(site.store.state[of.table]).map(([id, item]) => answer(of.idName, id, item)),
    },
    {
      method: "POST",
      path: of.path,
      parameters: [...of.names, of.idName],
      handle: (call) => {
        const id = call.parameters.required(of.idName);
        if (site.store.state[of.table][id] !== undefined)
          throw failure(
            `${of.idName === "sid" ? "resource ID" : "HA rule"} '${id}' already defined`,
          );
        const settings = settingsOf(call.parameters, of.names);
        of.check(id, settings);
        site.store.change((state) => (state[of.table][id] = settings));
        return null;
      },
    },
    {
      method: "GET",
      path: `${of.path}/:id`,
      parameters: [],
      handle: (call) => answer(of.idName, part(call, "id"), find(part(call, "id"))),
    },
    {
      method: "PUT",
      path: `${of.path}/:id`,
      parameters: [...of.names, "delete"],
      handle: (call) => {
        const id = part(call, "id");
        const removed = new Set(call.parameters.list("delete"));
        const kept = Object.entries(find(id)).filter(([name]) => !removed.has(name));
        const settings = { ...Object.fromEntries(kept), ...settingsOf(call.parameters, of.names) };
        of.check(id, settings);
        site.store.change((state) => (state[of.table][id] = settings));
        return null;
      },
    },
    {
      method: "DELETE",
      path: `${of.path}/:id`,
      parameters: ["purge"],
      handle: (call) => {
        const id = part(call, "id");
        find(id);
        if (of.idName === "sid") forgetHaResource(site, Number(id.slice(3)));
        else
          site.store.change((state) => {
            delete state.haRules[id];
          });
        return null;
      },
    },
  ];
}
