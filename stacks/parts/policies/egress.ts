import {
  internet,
  names,
  pods,
  type Flow,
  type Pods,
  type Port,
  type Protocol,
} from "../../../components/policies/flow.ts";
import { proxiesOf } from "../tailnet/traffic.ts";
import { everyName, readName } from "../../../components/policies/names.ts";
import type { Egress } from "./schema.ts";

/** Another application of the site: its pods and their port; undefined where it is not there. */
export type FindApp = (app: string) => { readonly pods: Pods; readonly port: number } | undefined;

/** What the pods of an application may reach, as its config says. Whoever may reach all of the internet may ask for its names. */
export function egressFlows(
  from: Pods,
  entries: Egress,
  find: FindApp,
  why = `declared by homelab:apps.${from.title}.egress`,
): readonly Flow[] {
  return entries.flatMap((entry): readonly Flow[] => {
    const { app, ports = [], protocol, http } = entry;
    const on = { ports: listed(ports, protocol), ...(http === undefined ? {} : { http }), why };
    if (entry.names !== undefined)
      return [{ from, to: names(...entry.names.map(readName)), ...on }];
    if (entry.internet)
      return [
        { from, to: internet, ...on },
        { from, to: { kind: "questions", names: [everyName] }, why },
      ];
    if (entry.networks !== undefined) {
      const title = entry.networks.map(({ cidr }) => cidr).join(", ");
      const networks = entry.networks.map(({ cidr, except }) =>
        except.length === 0 ? { cidr } : { cidr, except },
      );
      return [{ from, to: { kind: "networks", title, networks }, ...on }];
    }
    if (entry.tailnet !== undefined)
      return [{ from, to: proxiesOf(entry.tailnet), ...on, ports: "all" }];
    const other = app === undefined ? undefined : find(app);
    if (other === undefined) return [];
    return [{ from, to: other.pods, ...on, ports: listed([other.port], "TCP") }];
  });
}

/** The pods of an application, in the namespace of its name unless it is in another. */
export const appPods = (app: string, namespace = app): Pods =>
  pods(app, namespace, { "app.kubernetes.io/name": app });

const listed = (ports: readonly number[], protocol: Protocol): readonly Port[] =>
  ports.map((port) => ({ port, protocol }));
