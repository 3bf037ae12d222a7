import { failure, parameterError } from "./api-error.ts";
import type { Parameters } from "./parameters.ts";
import { part, type Call, type Route } from "./route.ts";
import { nodeOf, vmOf, type Site } from "./site.ts";
import type { StoredFirewall } from "./store.ts";

/*
 * Firewall settings are kept and answered, not enforced: no packet in the lab is dropped by them.
 */

const ruleNames = [
  ...["action", "comment", "dest", "dport", "enable", "icmp-type", "iface", "log", "macro"],
  ...["proto", "source", "sport", "type"],
];
const optionNames = [
  ...["dhcp", "ebtables", "enable", "ipfilter", "log_level_in", "log_level_out", "log_ratelimit"],
  ...["macfilter", "ndp", "policy_forward", "policy_in", "policy_out", "radv", "nftables"],
];
const optionNumbers = new Set(["dhcp", "ebtables", "enable", "ipfilter", "macfilter", "ndp"]);
for (const name of ["radv", "nftables"]) optionNumbers.add(name);

type Scope = (call: Call) => string;

function scopeOf(site: Site, key: string): StoredFirewall {
  return (site.store.state.firewall[key] ??= { options: {}, rules: [] });
}

function given(parameters: Parameters, names: readonly string[]): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const name of names) {
    const value = parameters.text(name);
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}

function without(settings: Record<string, string>, names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.includes(name)));
}

/** Options, rules and security groups of cluster, nodes and VMs. */
export function firewallRoutes(site: Site): Route[] {
  const vmScope: Scope = (call) => `vm/${vmOf(site, call).vmid}`;
  const nodeScope: Scope = (call) => `node/${nodeOf(site, call).name}`;
  const groupScope: Scope = (call) => groupKey(site, part(call, "group"));
  return [
    ...optionRoutes(site, "cluster/firewall/options", () => "cluster"),
    ...optionRoutes(site, "nodes/:node/firewall/options", nodeScope),
    ...optionRoutes(site, "nodes/:node/qemu/:vmid/firewall/options", vmScope),
    ...ruleRoutes(site, "cluster/firewall/rules", () => "cluster"),
    ...ruleRoutes(site, "nodes/:node/firewall/rules", nodeScope),
    ...ruleRoutes(site, "nodes/:node/qemu/:vmid/firewall/rules", vmScope),
    ...ruleRoutes(site, "cluster/firewall/groups/:group", groupScope),
    ...groupRoutes(site),
  ];
}

function optionRoutes(site: Site, path: string, scope: Scope): Route[] {
  return [
    {
      method: "GET",
      path,
      parameters: [],
      handle: (call) =>
        Object.fromEntries(
          Object.entries(scopeOf(site, scope(call)).options).map(([name, value]) => [
            name,
            optionNumbers.has(name) ? Number(value) : value,
          ]),
        ),
    },
    {
      method: "PUT",
      path,
      parameters: [...optionNames, "delete", "digest"],
      handle: (call) => {
        const firewall = scopeOf(site, scope(call));
        const kept = without(firewall.options, call.parameters.list("delete"));
        site.store.change(
          () => (firewall.options = { ...kept, ...given(call.parameters, optionNames) }),
        );
        return null;
      },
    },
  ];
}

function ruleAnswer(rule: Record<string, string>, pos: number | string): unknown {
  return {
    enable: 0,
    ...rule,
    ...(rule.enable === undefined ? {} : { enable: Number(rule.enable) }),
    pos,
  };
}

function ruleRoutes(site: Site, path: string, scope: Scope): Route[] {
  const at = (call: Call): { rules: Record<string, string>[]; pos: number } => {
    const { rules } = scopeOf(site, scope(call));
    const pos = Number(part(call, "pos"));
    if (rules[pos] === undefined) throw failure(`no rule at position ${part(call, "pos")}`);
    return { rules, pos };
  };
  return [
    {
      method: "GET",
      path,
      parameters: [],
      handle: (call) => scopeOf(site, scope(call)).rules.map((rule, pos) => ruleAnswer(rule, pos)),
    },
    {
      method: "POST",
      path,
      parameters: [...ruleNames, "pos", "digest"],
      handle: (call) => {
        const rule = given(call.parameters, ruleNames);
        for (const name of ["action", "type"])
          if (rule[name] === undefined)
            throw parameterError({ [name]: "property is missing and it is not optional" });
        const { rules } = scopeOf(site, scope(call));
        site.store.change(() => rules.splice(call.parameters.integer("pos") ?? 0, 0, rule));
        return null;
      },
    },
    {
      // The list gives `pos` as a number, a single rule as a string: so does a real host.
      method: "GET",
      path: `${path}/:pos`,
      parameters: [],
      handle: (call) => {
        const { rules, pos } = at(call);
        return ruleAnswer(rules[pos] ?? {}, String(pos));
      },
    },
    {
      method: "PUT",
      path: `${path}/:pos`,
      parameters: [...ruleNames, "moveto", "delete", "digest"],
      handle: (call) => {
        const { rules, pos } = at(call);
        const moveto = call.parameters.integer("moveto");
        site.store.change(() => {
          const rule = rules[pos] ?? {};
          if (moveto === undefined) {
            const kept = without(rule, call.parameters.list("delete"));
            rules[pos] = { ...kept, ...given(call.parameters, ruleNames) };
          } else {
            // "Insert before the rule that stands there now."
            rules.splice(pos, 1);
            rules.splice(moveto > pos ? moveto - 1 : moveto, 0, rule);
          }
        });
        return null;
      },
    },
    {
      method: "DELETE",
      path: `${path}/:pos`,
      parameters: ["digest"],
      handle: (call) => {
        const { rules, pos } = at(call);
        site.store.change(() => rules.splice(pos, 1));
        return null;
      },
    },
  ];
}

function groupKey(site: Site, group: string): string {
  const key = `group/${group}`;
  if (site.store.state.firewall[key] === undefined)
    throw failure(`no such security group '${group}': it does not exist`);
  return key;
}

function groupRoutes(site: Site): Route[] {
  const path = "cluster/firewall/groups";
  return [
    {
      method: "GET",
      path,
      parameters: [],
      handle: () =>
        Object.entries(site.store.state.firewall)
          .filter(([key]) => key.startsWith("group/"))
          .map(([key, { comment }]) => ({ group: key.slice("group/".length), comment })),
    },
    {
      method: "POST",
      path,
      parameters: ["group", "comment", "rename", "digest"],
      handle: (call) => {
        const group = call.parameters.required("group");
        const old = call.parameters.text("rename");
        const comment = call.parameters.text("comment");
        const firewall =
          old === undefined ? undefined : site.store.state.firewall[groupKey(site, old)];
        if (old !== group && site.store.state.firewall[`group/${group}`] !== undefined)
          throw failure(`Security group '${group}' already exists`);
        site.store.change((state) => {
          if (old !== undefined) delete state.firewall[`group/${old}`];
          state.firewall[`group/${group}`] = { options: {}, rules: firewall?.rules ?? [], comment };
        });
        return null;
      },
    },
    {
      method: "DELETE",
      path: `${path}/:group`,
      parameters: [],
      handle: (call) => {
        const key = groupKey(site, part(call, "group"));
        if (scopeOf(site, key).rules.length > 0)
          throw failure(`Security group '${part(call, "group")}' is not empty`);
        site.store.change((state) => {
          delete state.firewall[key];
        });
        return null;
      },
    },
  ];
}
