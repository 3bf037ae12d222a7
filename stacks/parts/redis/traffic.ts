import { apiServer, pods, tcp, type Flow, type Pods } from "../../../components/policies/flow.ts";
import {
  instanceLabels,
  operatorLabels,
  operatorNamespace,
  ports,
  redisNamespace,
} from "../../../components/redis/names.ts";
import { storeFlow } from "../../config/store-traffic.ts";
import type { SiteConfig } from "../../schema.ts";

const operator = pods("Dragonfly's operator", operatorNamespace.name, operatorLabels);

/** Pods of an instance. */
export const members = (instance: string): Pods =>
  pods(`Redis ${instance}`, redisNamespace.name, instanceLabels(instance));

/**
 * The operator says to each pod whose copy it is, and pods copy from their master at the same port (dragonfly-operator v1.6.1,
 * internal/controller/dragonfly_instance.go). Only those who log in reach the other port.
 */
export function redisTraffic({ redis }: SiteConfig): readonly Flow[] {
  if (redis === undefined) return [];
  return [
    { from: operator, to: apiServer, why: "its objects" },
    ...Object.entries(redis.instances).flatMap(([name, { snapshots }]): readonly Flow[] => {
      const own = members(name);
      return [
        { from: operator, to: own, ports: tcp(ports.admin), why: "who is the master" },
        { from: own, to: own, ports: tcp(ports.admin), why: "copies" },
        ...(snapshots === undefined
          ? []
          : [{ ...storeFlow(own, snapshots), why: "its snapshots" }]),
      ];
    }),
  ];
}
