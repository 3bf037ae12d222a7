/** An HTTPS server whose certificate has expired: `expired-server.ts CA-DIRECTORY ADDRESS PORT`. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const [directory = "", address = "", port = ""] = process.argv.slice(2);
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const day = 86_400_000;

const { subtle } = webcrypto;
const authority = new X509Certificate(readFileSync(`${directory}/ca.pem`, "utf8"));
const signingKey = await subtle.importKey(
  "pkcs8",
  PemConverter.decodeFirst(readFileSync(`${directory}/ca.key`, "utf8")),
  algorithm,
  true,
  ["sign"],
);
const keys = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
const certificate = await X509CertificateGenerator.create({
  subject: `CN=${address}`,
  issuer: authority.subject,
  notBefore: new Date(Date.now() - 2 * day),
  notAfter: new Date(Date.now() - day),
  publicKey: keys.publicKey,
  signingKey,
  signingAlgorithm: algorithm,
  extensions: [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([{ type: "ip", value: address }]),
  ],
});
const key = PemConverter.encode(await subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
createServer({ cert: certificate.toString("pem"), key }, (_request, response) => {
  response.end("{}");
}).listen(Number(port), address);
