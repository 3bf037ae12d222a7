import { names, pods, tcp, world, cluster, type Flow } from "../../../components/policies/flow.ts";
import { dnsName } from "../../../components/policies/names.ts";
import { ports as kafkaPorts } from "../../../components/kafka/names.ts";
import { ports, pushJob, reader, server, teslaNamespace } from "../../../components/tesla/names.ts";
import type { SiteConfig } from "../../schema.ts";
import { nodesOf } from "../kafka/traffic.ts";
import { proberPods } from "../monitoring/probes-traffic.ts";
import { fleetHosts } from "./fleet.ts";

const { name: namespace } = teslaNamespace;
const called = (title: string, app: string) =>
  pods(title, namespace, { "app.kubernetes.io/name": app });

const serverPods = called("Tesla's telemetry server", server);
const readerPods = called("what counts Tesla's signals", reader);
const pushPods = called("a push to Tesla's vehicles", pushJob);

/** Vehicles come from the internet, records go to Kafka and from there to what counts them, and a push asks Tesla. */
export function teslaTraffic({ tesla, kafka, monitoring }: SiteConfig): readonly Flow[] {
  if (tesla === undefined || kafka === undefined) return [];
  const asked = { to: serverPods, ports: tcp(ports.vehicles) };
  return [
    { from: world, ...asked, why: `vehicles, by ${tesla.hostname}` },
    ...(monitoring?.names === undefined
      ? []
      : [{ from: proberPods("inside"), ...asked, why: "whether names answer" } satisfies Flow]),
    // A machine sees whether the address answers.
    { from: cluster, ...asked, why: "whether vehicles are taken" },
    ...[serverPods, readerPods].map((from): Flow => ({
      ...{ from, to: nodesOf(tesla.kafka), ports: tcp(kafkaPorts.plain) },
      why: "records of vehicles",
    })),
    {
      ...{ from: pushPods, to: names(...fleetHosts.map(dnsName)), ports: tcp(443) },
      why: "tells vehicles what to stream",
    },
  ];
}
