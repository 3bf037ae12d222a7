import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A self-signed certificate for loopback and the mirrored names, PEM. */
export function selfSigned(): { cert: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  try {
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    const names = "IP:127.0.0.1,DNS:github.com,DNS:cloud.debian.org,DNS:helm.cilium.io";
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
        ...["-days", "2", "-subj", "/CN=lab", "-addext", `subjectAltName=${names}`],
        ...["-keyout", key, "-out", cert],
      ],
      { stdio: "pipe" },
    );
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
