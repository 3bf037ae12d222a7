import { z } from "zod";

/** How what may be lost is named, for people and as a pattern. */
const forms = {
  "postgres/CLUSTER": "postgres/[a-z0-9-]+",
  "postgres/CLUSTER/backup for its bucket": "postgres/[a-z0-9-]+/backup",
  "redis/NAME": "redis/[a-z0-9-]+",
  "redis/NAME/snapshots for its bucket": "redis/[a-z0-9-]+/snapshots",
  "kafka/CLUSTER": "kafka/[a-z0-9-]+",
  "kafka/CLUSTER/TOPIC": "kafka/[a-z0-9-]+/[A-Za-z0-9._-]+",
  "buckets/NAME": "buckets/[a-z0-9-]+",
  "apps/NAME for all of its volumes": "apps/[a-z0-9-]+",
  "apps/NAME/VOLUME": "apps/[a-z0-9-]+/[a-z0-9-]+",
  "libraries/NAME": "libraries/[a-z0-9-]+",
};

/** What one `up` may lose for good. */
export const allowDataLoss = z
  .array(
    z
      .string()
      .regex(
        new RegExp(`^(?:${Object.values(forms).join("|")})$`),
        `name what goes as ${Object.keys(forms).join(", ")}`,
      ),
  )
  .default([])
  .meta({
    description: `Data that is not in the file any more and that this \`up\` may delete for good, as ${Object.keys(forms).join(", ")}; empty it afterwards`,
    examples: [["postgres/main"]],
  });
