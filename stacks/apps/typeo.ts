import { webApplication } from "./application.ts";

export const typeo = webApplication({
  title: "Typeo",
  about: "Typeo, typing practice",
  shape: { port: 8080, cpu: "10m", memory: { request: "64Mi", limit: "256Mi" } },
});
