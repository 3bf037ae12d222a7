import { z } from "zod";
import { usualAddress, type AddressPool } from "../../../components/network/pool.ts";
import { freePerDay } from "../../../components/tesla/billing.ts";
import type { Derivation } from "../../config/derivation.ts";
import { domain, ipv4, label, storeName } from "../../config/forms.ts";
import { oneLine, secretRef, type SecretForm } from "../../config/secret-ref.ts";

/**
 * A private key on prime256v1, the only curve that vehicles know. What stands before the number itself is always the same there:
 * in the form that `openssl ecparam` writes (RFC 5915), and in PKCS 8 with the curve's name (RFC 5958).
 */
const privateKey: SecretForm = {
  pattern:
    /^-----BEGIN (EC PRIVATE KEY-----\s+MHcCAQEEI|PRIVATE KEY-----\s+MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg)[\s\S]+-----END (EC )?PRIVATE KEY-----\s*$/,
  text: "is read, but is no private key on the curve prime256v1 in PEM form; keep what `openssl ecparam -name prime256v1 -genkey -noout` prints",
};

const wholeDay = "use 1 to 86400 whole seconds, which is a day";
const seconds = (about: string, example: number) =>
  z
    .int(wholeDay)
    .min(1, wholeDay)
    .max(86_400, wholeDay)
    .meta({ description: about, examples: [example] });

const signal = z.strictObject({
  everySeconds: seconds(
    "Seconds between two values, at the least; one that stays as it is is not sent again",
    60,
  ),
  atLeast: z
    .number()
    .positive()
    .optional()
    .meta({
      description: "By how much a number differs before it is sent again",
      examples: [1],
    }),
  resendSeconds: seconds(
    "After how many seconds a value is sent although it is the same",
    3600,
  ).optional(),
});

/** Telemetry of Tesla vehicles. */
export const tesla = z
  .strictObject({
    hostname: domain.meta({
      description:
        "Name by which vehicles find the server, in `edge.zone`: a record that leads to your home, past Cloudflare",
      examples: ["telemetry.example.net"],
    }),
    publicAddress: ipv4.meta({
      description: "Your home's address on the internet, which that name leads to",
      examples: ["198.51.100.7"],
    }),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .default(443)
      .describe("Port that your router forwards to the same port of `address`"),
    address: ipv4.optional().meta({
      description:
        "Load-balancer address of the server, of `network.loadBalancers`; the 83rd of a network, the last but two of a run when left out",
      examples: ["10.96.0.83"],
    }),
    key: z
      .strictObject({
        hostname: domain.meta({
          description:
            "Domain of the application at developer.tesla.com, in `edge.zone`: there the public key is shown, and nothing else",
          examples: ["tesla.example.net"],
        }),
        privateKey: secretRef(
          "Private key of the application, EC on prime256v1",
          "op://Homelab/Tesla/private-key",
          privateKey,
        ),
      })
      .describe("The key pair by which vehicles know the application"),
    client: z
      .strictObject({
        id: z
          .string()
          .regex(/^[A-Za-z0-9-]+$/, "use the client's id as developer.tesla.com shows it")
          .meta({
            description: "Id of the application's client",
            examples: ["00000000-0000-4000-8000-000000000000"],
          }),
        secret: secretRef(
          "Secret of the application's client",
          "op://Homelab/Tesla/client-secret",
          oneLine,
        ),
        region: z
          .enum(["na", "eu"])
          .default("na")
          .describe("Region of your Tesla account: North America and Asia, or Europe"),
      })
      .describe("The application at developer.tesla.com"),
    kafka: storeName(20, "main").describe("Cluster of `homelab:kafka` that keeps the records"),
    prefix: z
      .string()
      .max(60)
      .regex(/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/, "use lower-case letters, digits, - and _")
      .default("tesla")
      .describe(
        "Begins the topics' names: tesla_V, tesla_alerts, tesla_errors, tesla_connectivity",
      ),
    vehicles: z
      .record(
        label.meta({ examples: ["model-y"] }),
        z
          .string()
          .regex(
            /^[A-HJ-NPR-Z0-9]{17}$/,
            "use the 17 capitals and digits of a vehicle identification number",
          )
          .meta({ examples: ["5YJ30000000000001"] }),
      )
      .refine((all) => Object.keys(all).length > 0, "name at least one vehicle")
      .meta({
        description: "Vehicles by a name of yours, with their VIN; others are not counted",
        examples: [{ "model-y": "5YJ30000000000001" }],
      }),
    signals: z
      .record(
        z
          .string()
          .regex(/^[A-Za-z][A-Za-z0-9]*$/, "use a signal's name such as BatteryLevel")
          .meta({ examples: ["BatteryLevel"] }),
        signal,
      )
      .refine((all) => Object.keys(all).length > 0, "name at least one signal")
      .describe("What vehicles stream, by the names of Tesla's list; each value is billed"),
    mostPerDay: z
      .int()
      .min(1)
      .default(freePerDay)
      .describe(
        "Signals within a day of which an alert tells; as many as Tesla's monthly discount of 10 dollars is for when left out",
      ),
    replicas: z.int().min(1).max(4).default(1).describe("Pods of the server"),
  })
  .describe(
    "Telemetry of Tesla vehicles, which they stream to a port that your router forwards; a site without this section has none",
  );

export type WrittenTesla = z.infer<typeof tesla>;

/** The section with the server's address. */
export function deriveTesla(written: WrittenTesla, pool: AddressPool, derivation: Derivation) {
  return {
    ...written,
    address: derivation.given(
      "homelab:tesla.address",
      written.address,
      usualAddress(pool, 83, 2),
      "made of homelab:network.loadBalancers",
    ),
  };
}

/** The part's config, everything filled in. */
export type TeslaConfig = ReturnType<typeof deriveTesla>;
