/** What vehicles were told last, and whether it still holds. */
import type { X509Certificate } from "node:crypto";
import { digest } from "../../../components/digest.ts";
import { authoritiesAbove, markOf } from "../../../components/tesla/chain.ts";
import { serverCertificate, teslaNamespace } from "../../../components/tesla/names.ts";
import type { ClusterCommand } from "../../doctor/examined.ts";
import { certificateIn } from "../../doctor/kubectl.ts";
import type { TeslaConfig } from "./schema.ts";
import { vehicleConfig } from "./fleet.ts";

/** What a push leaves in the cluster. */
export interface Pushed {
  /** When, RFC 3339. */
  readonly at: string;
  /** Of where vehicles stream to, what and how. */
  readonly config: string;
  /** Of the authorities that they trust the server by. */
  readonly authorities: string;
  /** VINs that were told. */
  readonly vehicles: readonly string[];
}

/** The authorities above the certificate that the server has now. */
export async function authoritiesNow(run: ClusterCommand): Promise<readonly X509Certificate[]> {
  const served = await certificateIn(run, teslaNamespace.name, serverCertificate.secret);
  return authoritiesAbove(Buffer.from(served, "base64").toString());
}

/** What a push of this moment would leave. */
export function pushedNow(
  tesla: TeslaConfig,
  authorities: readonly X509Certificate[],
  at: Date,
): Pushed {
  return {
    at: at.toISOString(),
    config: configMark(tesla),
    authorities: markOf(authorities),
    vehicles: Object.values(tesla.vehicles).toSorted(),
  };
}

function configMark(tesla: TeslaConfig): string {
  return digest(JSON.stringify(vehicleConfig(tesla)));
}

/** Why vehicles have to be told anew, each reason in words; none where what they know still holds. */
export function whyPush(last: Pushed | undefined, now: Pushed): readonly string[] {
  if (last === undefined) return ["vehicles were never told where to stream"];
  const added = now.vehicles.filter((vin) => !last.vehicles.includes(vin)).length;
  return [
    ...(last.config === now.config
      ? []
      : ["signals, name, port or how records are sent are others than vehicles know"]),
    ...(last.authorities === now.authorities
      ? []
      : ["the certificate comes from other authorities than vehicles trust"]),
    ...(added === 0 ? [] : [`${added} of the vehicles were never told`]),
  ];
}
