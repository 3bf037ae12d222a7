import { generateKeyPairSync } from "node:crypto";
import { secret } from "@pulumi/pulumi";
import type { SiteDeps } from "../../../stacks/site.ts";
import { fakeSecrets, siteDeps } from "../site-deps.ts";
import type { Changes } from "./sample.ts";

/** Home's changes by which it has Kafka and telemetry that differs. */
export function teslaSite(changes: object = {}): Changes {
  return {
    "storage.enabled": true,
    kafka: { clusters: { main: {} } },
    tesla: {
      hostname: "telemetry.example.net",
      publicAddress: "203.0.114.7",
      key: { hostname: "tesla.example.net", privateKey: "op://Homelab/Tesla/private-key" },
      client: {
        id: "00000000-0000-4000-8000-000000000000",
        secret: "op://Homelab/Tesla/client-secret",
      },
      kafka: "main",
      vehicles: { "model-y": "5YJ30000000000001" },
      signals: {
        Soc: { everySeconds: 300 },
        OutsideTemp: { everySeconds: 600, atLeast: 1, resendSeconds: 3600 },
      },
      ...changes,
    },
  };
}

/** A key pair on the curve that vehicles know; drawn anew, for nothing of it is anybody's. */
export const keyPair = generateKeyPairSync("ec", {
  namedCurve: "prime256v1",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "sec1", format: "pem" },
});

/** A world in which the application's private key is one. */
export function teslaDeps(): SiteDeps {
  return {
    ...siteDeps,
    readSecrets: (uses) => {
      const others = fakeSecrets(uses);
      const reveal = (ref: string): string =>
        ref === "op://Homelab/Tesla/private-key" ? keyPair.privateKey : others.reveal(ref);
      return Promise.resolve({ reveal, get: (ref) => secret(reveal(ref)) });
    },
  };
}
