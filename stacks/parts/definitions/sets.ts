import { argoCd } from "../../../components/definitions/argocd.ts";
import type { DefinitionSet } from "../../../components/definitions/definition-set.ts";
import { dex } from "../../../components/definitions/dex.ts";
import { envoyGateway } from "../../../components/definitions/envoy-gateway.ts";
import { gatewayApi } from "../../../components/definitions/gateway-api.ts";
import { strimzi } from "../../../components/definitions/kafka.ts";
import { onePassword as onePasswordKind } from "../../../components/definitions/one-password.ts";
import { barmanCloud, cloudNativePg } from "../../../components/definitions/postgres.ts";
import { dragonflyOperator } from "../../../components/definitions/redis.ts";
import { tailscaleOperator } from "../../../components/definitions/tailscale.ts";
import { volsync } from "../../../components/definitions/volsync.ts";
import type { SiteConfig } from "../../schema.ts";

/** Kinds that no chart brings, for parts that a site may have. */
export type SetKey =
  | "gatewayApi"
  | "envoyGateway"
  | "onePassword"
  | "tailscale"
  | "argocd"
  | "cloudNativePg"
  | "barmanCloud"
  | "dragonfly"
  | "strimzi"
  | "volsync"
  | "dex";

/** The kinds that the program itself owns, a line each, for the parts that the site has. */
export function definitionSets({
  gateway,
  onePassword,
  tailnet,
  argocd,
  postgres,
  redis,
  kafka,
  backup,
  identity,
}: Pick<
  SiteConfig,
  | "gateway"
  | "onePassword"
  | "tailnet"
  | "argocd"
  | "postgres"
  | "redis"
  | "kafka"
  | "backup"
  | "identity"
>): Readonly<Partial<Record<SetKey, DefinitionSet>>> {
  return {
    ...(gateway === undefined
      ? {}
      : {
          gatewayApi: gatewayApi(gateway.gatewayApi),
          envoyGateway: envoyGateway(gateway.envoyGateway),
        }),
    ...(onePassword?.operator === undefined
      ? {}
      : { onePassword: onePasswordKind(onePassword.operator.chart) }),
    ...(tailnet === undefined ? {} : { tailscale: tailscaleOperator(tailnet.operator.chart) }),
    ...(argocd === undefined ? {} : { argocd: argoCd(argocd.chart) }),
    ...(postgres === undefined
      ? {}
      : {
          cloudNativePg: cloudNativePg(postgres.charts.operator),
          barmanCloud: barmanCloud(postgres.charts.plugin),
        }),
    ...(redis === undefined ? {} : { dragonfly: dragonflyOperator(redis.chart) }),
    ...(kafka === undefined ? {} : { strimzi: strimzi(kafka.chart) }),
    ...(backup === undefined ? {} : { volsync: volsync(backup.chart) }),
    ...(identity?.dex === undefined ? {} : { dex: dex(identity.dex.version) }),
  };
}
