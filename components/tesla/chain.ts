/** Authorities that vehicles are told to trust the server by. */
import { X509Certificate } from "node:crypto";
import { rootCertificates } from "node:tls";
import { digest } from "../digest.ts";

const pemForm = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates of a text in PEM form, in its order. */
export function certificatesIn(pem: string): readonly X509Certificate[] {
  return [...pem.matchAll(pemForm)].map(([text]) => new X509Certificate(text));
}

/**
 * What a vehicle needs to know the server by: what stands above its own certificate, up to a root (Fleet API,
 * fleet_telemetry_config create: "the full certificate chain"). cert-manager keeps no root of Let's Encrypt, so it is looked for among
 * `roots`: all that have signed the last one, under whatever name they share. Throws where no root is found.
 */
export function authoritiesAbove(
  served: string,
  roots: readonly string[] = rootCertificates,
): readonly X509Certificate[] {
  const [own, ...above] = certificatesIn(served);
  if (own === undefined) throw new Error("the server's Secret holds no certificate yet");
  const last = above.at(-1) ?? own;
  if (above.length > 0 && isRoot(last)) return above;
  const found = roots
    .map((text) => new X509Certificate(text))
    .filter((root) => last.checkIssued(root) && last.verify(root.publicKey));
  if (found.length === 0)
    throw new Error(
      `no root is known that has signed ${oneLine(last.subject)}: staging certificates of Let's Encrypt have none that vehicles could be told of`,
    );
  return [...above, ...found];
}

const isRoot = (one: X509Certificate): boolean => one.checkIssued(one) && one.verify(one.publicKey);

const oneLine = (subject: string): string => subject.replaceAll("\n", ", ");

/** Their text as a vehicle is told it. */
export const pemOf = (certificates: readonly X509Certificate[]): string =>
  certificates.map((one) => one.toString()).join("");

/** A mark of whom vehicles trust: who has signed, by their keys, however often their certificates are renewed. */
export function markOf(certificates: readonly X509Certificate[]): string {
  const keys = certificates.map(({ publicKey }) =>
    publicKey.export({ type: "spki", format: "der" }).toString("base64"),
  );
  return digest(JSON.stringify(keys));
}
