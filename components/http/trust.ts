import { readFileSync } from "node:fs";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

let trusted = false;

/**
 * Makes this process trust what SSL_CERT_FILE names, as the providers do: they are Go programs
 * (https://pkg.go.dev/crypto/x509#SystemCertPool), and Node reads that variable only with `--use-openssl-ca`.
 */
export function trustCertificateFile(): void {
  const file = process.env["SSL_CERT_FILE"] ?? "";
  if (trusted || file === "" || file === process.env["NODE_EXTRA_CA_CERTS"]) return;
  trusted = true;
  setDefaultCACertificates([...getCACertificates("default"), readFileSync(file, "utf8")]);
}
