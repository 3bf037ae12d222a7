/** What each kind of store tells those who log in to it. */
import { loginKeys as bucketKeys } from "../../components/buckets/objects.ts";
import { loginKeys as kafkaKeys } from "../../components/kafka/objects.ts";
import { loginKeys as postgresKeys } from "../../components/postgres/database-objects.ts";
import { loginKeys as redisKeys } from "../../components/redis/instance-object.ts";

/** A kind of store. */
export interface StoreKind {
  /** How a site file names one, for people: `postgres/CLUSTER/DATABASE`. */
  readonly form: string;
  /** Section of the site file that declares them. */
  readonly section: string;
  /** What a login consists of. */
  readonly keys: readonly string[];
  /** Environment in which programs look for it when nobody says otherwise, and the key that each variable holds. */
  readonly variables: Readonly<Record<string, string>>;
}

/** By the first word of an address. */
export const storeKinds = {
  postgres: {
    form: "postgres/CLUSTER/DATABASE",
    section: "homelab:postgres",
    keys: postgresKeys,
    // What libpq reads: https://www.postgresql.org/docs/current/libpq-envars.html
    variables: {
      PGHOST: "host",
      PGPORT: "port",
      PGDATABASE: "dbname",
      PGUSER: "username",
      PGPASSWORD: "password",
    },
  },
  redis: {
    form: "redis/NAME",
    section: "homelab:redis",
    keys: redisKeys,
    variables: {
      REDIS_HOST: "host",
      REDIS_PORT: "port",
      REDIS_PASSWORD: "password",
      REDIS_URL: "uri",
    },
  },
  kafka: {
    form: "kafka/CLUSTER/USER",
    section: "homelab:kafka",
    keys: kafkaKeys,
    variables: {
      KAFKA_BOOTSTRAP_SERVERS: "bootstrap",
      KAFKA_USERNAME: "username",
      KAFKA_PASSWORD: "password",
      KAFKA_SECURITY_PROTOCOL: "protocol",
      KAFKA_SASL_MECHANISM: "mechanism",
    },
  },
  bucket: {
    form: "bucket/NAME",
    section: "homelab:buckets",
    keys: bucketKeys,
    // What Amazon's own clients read: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
    variables: {
      AWS_ENDPOINT_URL_S3: "endpoint",
      AWS_REGION: "region",
      AWS_ACCESS_KEY_ID: "accessKey",
      AWS_SECRET_ACCESS_KEY: "secretKey",
      BUCKET_NAME: "bucket",
    },
  },
} as const satisfies Readonly<Record<string, StoreKind>>;

/** The kind of the store with an address. Throws where there is none: an address is checked when it is read. */
export function kindOf(address: string): StoreKind {
  const kinds: Readonly<Record<string, StoreKind>> = storeKinds;
  const kind = kinds[address.split("/")[0] ?? ""];
  if (kind === undefined) throw new Error(`${address} is no address of a store`);
  return kind;
}
