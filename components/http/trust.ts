import { getCACertificates, setDefaultCACertificates } from "node:tls";

let trusted = false;

/**
 * Makes this process trust this workstation's authorities and what SSL_CERT_FILE names, as the providers do: they are Go
 * programs (https://pkg.go.dev/crypto/x509#SystemCertPool), and Node by itself knows neither. It takes a tenth of a
 * second, once.
 */
export function trustSystemAuthorities(): void {
  if (trusted) return;
  trusted = true;
  setDefaultCACertificates([...getCACertificates("default"), ...getCACertificates("system")]);
}
