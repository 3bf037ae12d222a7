import { webApplication } from "../../../stacks/apps/application.ts";

export const welcome = webApplication({
  title: "Welcome",
  about: "Welcome, a plain web page",
  shape: { port: 8080, path: "/healthz", memory: { request: "16Mi", limit: "64Mi" } },
});
