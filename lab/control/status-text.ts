/** A lab's status for people. */
import { table } from "../host/table.ts";
import type { FaultEffect } from "../world/fault-registry.ts";
import type { LabStatus } from "./status.ts";

/** Tables of machines, services, routers, what is in use and faults. */
export function statusText(status: LabStatus): string {
  const parts = [
    section(
      "Machines",
      ["VM", "Name", "Host", "Site", "State", "Address", "cloud-init"],
      [
        ...status.machines.map((machine) => [
          String(machine.vmid),
          machine.name,
          machine.host,
          machine.site,
          machine.running ? "running" : "stopped",
          machine.address ?? "",
          [machine.cloudInit ?? "", ...machine.problems].join(" "),
        ]),
      ],
    ),
    section(
      "Services",
      ["Service", "Address", "Log"],
      status.services.map(({ name, address, log }) => [name, address, log]),
    ),
    section(
      "Routers",
      ["Site", "Addresses", "Configuration"],
      status.routers.map(({ site, addresses, config, problem }) => [
        site,
        addresses.join(" "),
        problem ?? (config === "stack" ? "from the stack's output" : "without BGP"),
      ]),
    ),
    section(
      "BGP sessions",
      ["Site", "Peer", "Address", "AS", "State", "Since", "Routes"],
      status.routers.flatMap(({ site, sessions }) =>
        sessions.map(({ name, neighbor, asn, state, since, imported }) => [
          site,
          name,
          neighbor,
          String(asn),
          state,
          since,
          String(imported),
        ]),
      ),
    ),
    section(
      "Learned routes",
      ["Site", "Destination", "From"],
      status.routers.flatMap(({ site, routes }) =>
        [...Map.groupBy(routes, ({ prefix }) => prefix)].map(([prefix, from]) => [
          site,
          prefix,
          from.map(({ protocol }) => protocol).join(" "),
        ]),
      ),
    ),
    section(
      "In use",
      ["Part", "Kind", "Detail"],
      status.inUse.map(({ name, kind, detail }) => [name, kind, detail]),
    ),
    section(
      "Faults in force",
      ["Number", "Service", "Requests", "Effect", "Met"],
      status.faults.map((fault) => [
        String(fault.id),
        fault.service,
        [fault.method, fault.path, fault.host && `at ${fault.host}`].filter(Boolean).join(" "),
        effectText(fault.effect),
        fault.times === undefined ? String(fault.met) : `${fault.met} of ${fault.times}`,
      ]),
    ),
    section(
      "Problems",
      ["What failed"],
      status.problems.map((problem) => [problem]),
    ),
  ];
  return parts.join("\n\n");
}

function section(title: string, heading: string[], rows: string[][]): string {
  return rows.length === 0 ? `${title}: none` : `${title}:\n${table([heading, ...rows])}`;
}

function effectText(effect: FaultEffect): string {
  switch (effect.kind) {
    case "delay":
      return `answers after ${effect.milliseconds} ms`;
    case "fail":
      return `fails with ${effect.status} ${effect.message}`;
    case "cut":
      return "closes the connection";
    case "hang":
      return "never answers";
    case "lose":
      return "does the work and loses the answer";
    case "rate":
      return `serves ${effect.perSecond} a second`;
  }
}
