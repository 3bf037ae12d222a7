import type { Resource } from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import type { CertificateObject } from "./plan.ts";

const readyScript = rke2Script + scriptText(import.meta.url, "ready.sh");

/** Certificates that are waited for. */
export interface AwaitedCertificates {
  readonly certificates: readonly Pick<
    CertificateObject,
    "namespace" | "name" | "issuer" | "spec"
  >[];
  /** A server, where it is seen that they and who signs them are Ready. */
  readonly machine: ReachedMachine;
  readonly after: readonly Resource[];
}

/** The step that ends once certificates, and the issuers that sign them, are Ready. */
export function waitForCertificates(
  name: string,
  { certificates, machine, after }: AwaitedCertificates,
  parent: Resource,
): Resource {
  return new RemoteStep(
    `${name}-certificates`,
    {
      machine,
      title: "certificates-ready",
      script: readyScript,
      parameters: {
        ISSUERS: [...new Set(certificates.map(({ issuer }) => issuer))].join(" "),
        CERTIFICATES: certificates.map((one) => `${one.namespace}/${one.name}`).join(" "),
        // Not read: what has changed is waited for once more.
        SPECS: JSON.stringify(certificates.map(({ spec }) => spec)),
      },
      limitSeconds: 2400,
      after,
    },
    { parent },
  ).done;
}
