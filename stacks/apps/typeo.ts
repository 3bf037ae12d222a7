import { webApplication } from "./application.ts";

/**
 * https://github.com/rajsinghtech/typeo: one Node program with socket.io. Who plays against whom stands in its memory
 * (src/config/io.ts), so a second pod would not know the first one's games.
 */
export const typeo = webApplication({
  title: "Typeo",
  about: "Typeo, typing practice",
  replicas: 1,
  shape: { port: 8080, cpu: "10m", memory: { request: "64Mi", limit: "256Mi" } },
});
