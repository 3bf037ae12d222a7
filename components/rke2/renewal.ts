/**
 * When a cluster's certificates have to be renewed. RKE2's last 365 days, and it renews them only as it starts, once they
 * end within 120 days: https://docs.rke2.io/security/certificates
 */
import { X509Certificate } from "node:crypto";
import { daysLeft } from "../days.ts";

/** Days before their end from which RKE2 renews certificates as it starts. */
const renewalDays = 120;

/**
 * Days before their end from which a run renews them. A day less, because clocks differ: a certificate that its node holds
 * for too young would keep its end, and nobody would ask again.
 */
export const renewalDueDays = renewalDays - 1;

/** What a stack remembers of its cluster's certificates. */
export interface Certificates {
  /** When the first of the nodes' certificates ends, RFC 3339; empty when no node could say it. */
  readonly ends: string;
  /** What `renews` was in the last `up`. */
  readonly renewed: string;
}

/** What the last `up` has left in the stack's outputs. */
export interface LastUp {
  readonly kubeconfig?: string | undefined;
  readonly certificates?: Certificates | undefined;
}

/** What of a stack's outputs tells of the cluster's certificates; nothing of the outputs of an earlier form. */
export function lastUp(outputs: Readonly<Record<string, unknown>>): LastUp {
  const { kubeconfig, certificates } = outputs;
  const { ends, renewed } = (certificates ?? {}) as Partial<Certificates>;
  return {
    ...(typeof kubeconfig === "string" ? { kubeconfig } : {}),
    ...(typeof ends === "string" && typeof renewed === "string"
      ? { certificates: { ends, renewed } }
      : {}),
  };
}

/** What is to be done about the cluster's certificates. */
export interface Renewal {
  /** When the first of them ends, the kubeconfig's among them; undefined before the first `up`. */
  readonly ends: Date | undefined;
  /** Whether they end so soon that this run has to renew them. */
  readonly due: boolean;
  /**
   * A text that changes exactly when a renewal is due, and stays until the next one: a parameter of the steps that renew.
   * It is the end of the certificates that were renewed last, RFC 3339, and empty before the first time.
   */
  readonly renews: string;
}

/** Judges what the last `up` has left at a moment. */
export function renewal({ kubeconfig, certificates }: LastUp, now: Date): Renewal {
  const known = [
    ...(kubeconfig === undefined ? [] : [clientEnd(kubeconfig)]),
    ...(certificates === undefined ? [] : [new Date(certificates.ends)]),
  ].filter((date): date is Date => date !== undefined && !Number.isNaN(date.getTime()));
  const renewed = certificates?.renewed ?? "";
  if (known.length === 0) return { ends: undefined, due: false, renews: renewed };
  const ends = new Date(Math.min(...known.map((date) => date.getTime())));
  const due = daysLeft(ends, now) < renewalDueDays;
  return { ends, due, renews: due ? ends.toISOString() : renewed };
}

/** When the client certificate of a kubeconfig ends; undefined when it holds none. */
export function clientEnd(kubeconfig: string): Date | undefined {
  return endOf(kubeconfig, "client-certificate-data");
}

/** When the authority that a kubeconfig trusts ends; undefined when it names none. */
export function authorityEnd(kubeconfig: string): Date | undefined {
  return endOf(kubeconfig, "certificate-authority-data");
}

function endOf(kubeconfig: string, key: string): Date | undefined {
  const [, data] = new RegExp(`${key}: *([A-Za-z0-9+/=]+)`).exec(kubeconfig) ?? [];
  if (data === undefined) return undefined;
  return new X509Certificate(Buffer.from(data, "base64")).validToDate;
}

/** The earliest of the moments that nodes have printed; empty when none has. */
export function firstEnd(printed: readonly string[]): string {
  return printed.filter((text) => text !== "").toSorted()[0] ?? "";
}
