import { argoCd } from "../../../components/definitions/argocd.ts";
import { Definitions } from "../../../components/definitions/definitions.ts";
import type { DefinitionSet } from "../../../components/definitions/definition-set.ts";
import { envoyGateway } from "../../../components/definitions/envoy-gateway.ts";
import { gatewayApi } from "../../../components/definitions/gateway-api.ts";
import { onePassword as onePasswordKind } from "../../../components/definitions/one-password.ts";
import { strimzi } from "../../../components/definitions/kafka.ts";
import { barmanCloud, cloudNativePg } from "../../../components/definitions/postgres.ts";
import { dragonflyOperator } from "../../../components/definitions/redis.ts";
import { tailscaleOperator } from "../../../components/definitions/tailscale.ts";
import type { Resource } from "@pulumi/pulumi";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";

/** The steps after which kinds are there that no chart brings; undefined where no part of the site needs them. */
export interface SiteDefinitions {
  readonly gatewayApi?: Resource;
  readonly envoyGateway?: Resource;
  readonly onePassword?: Resource;
  readonly tailscale?: Resource;
  readonly argocd?: Resource;
  readonly cloudNativePg?: Resource;
  readonly barmanCloud?: Resource;
  readonly dragonfly?: Resource;
  readonly strimzi?: Resource;
}

/** Applies the kinds that the program itself owns, a line each, for the parts that the site has. */
export function deployDefinitions(
  { config: { gateway, onePassword, tailnet, argocd, postgres, redis, kafka } }: Site,
  { nodes: [machine], kubernetes }: SiteCluster,
): SiteDefinitions {
  const own = (set: DefinitionSet): Resource =>
    new Definitions(set.name, { set, machine, after: [kubernetes] }).ready;
  return {
    ...(gateway === undefined
      ? {}
      : {
          gatewayApi: own(gatewayApi(gateway.gatewayApi)),
          envoyGateway: own(envoyGateway(gateway.envoyGateway)),
        }),
    ...(onePassword?.operator === undefined
      ? {}
      : { onePassword: own(onePasswordKind(onePassword.operator.chart)) }),
    ...(tailnet === undefined ? {} : { tailscale: own(tailscaleOperator(tailnet.operator.chart)) }),
    ...(argocd === undefined ? {} : { argocd: own(argoCd(argocd.chart)) }),
    ...(postgres === undefined
      ? {}
      : {
          cloudNativePg: own(cloudNativePg(postgres.charts.operator)),
          barmanCloud: own(barmanCloud(postgres.charts.plugin)),
        }),
    ...(redis === undefined ? {} : { dragonfly: own(dragonflyOperator(redis.chart)) }),
    ...(kafka === undefined ? {} : { strimzi: own(strimzi(kafka.chart)) }),
  };
}
