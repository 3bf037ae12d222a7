import { bucketName, postgresNamespace } from "../../../components/postgres/names.ts";
import type { DataOwner } from "../../data-loss/owners.ts";

const clusterOf = (bucket: string): string => bucket.slice(bucketName("").length);

/** A Cluster takes its volumes with it, and a claim its bucket. */
export const postgresData: DataOwner = {
  declared: ({ postgres }) =>
    Object.entries(postgres?.clusters ?? {}).flatMap(([name, { backup }]) => [
      `postgres/${name}`,
      ...(backup?.bucket === undefined ? [] : [`postgres/${name}/backup`]),
    ]),
  lossOf: ({ kind, namespace, name }) => {
    // A store goes with its cluster, and what it leads to stays.
    if (namespace !== postgresNamespace.name || kind === "ObjectStore") return undefined;
    if (kind === "Cluster")
      return {
        entry: `postgres/${name}`,
        what: `the Postgres cluster ${name}`,
        takes: "its volumes",
        // Its roles and databases have finalizers that the primary takes off, and go before it; of a Cluster that is gone the
        // operator does (cloudnative-pg v1.30.0, internal/controller/finalizers_delete.go).
        keeps: `What is in a store outside stays there. Where no instance of it runs any more, run kubectl -n ${postgresNamespace.name} delete cluster ${name} before up`,
      };
    const cluster = clusterOf(name);
    return {
      entry: `postgres/${cluster}/backup`,
      what: `the bucket with the backups of ${cluster}`,
      takes: "they",
    };
  },
  bucketClass: ({ postgres }, { kind, name }) => {
    const of = clusterOf(name);
    const wanted = postgres?.clusters[of]?.backup?.bucket;
    if (kind !== "ObjectBucketClaim" || wanted === undefined) return undefined;
    return {
      ...{ of, class: wanted, path: `homelab:postgres.clusters.${of}.backup.bucket` },
      instead: "write s3 in its place",
    };
  },
};
