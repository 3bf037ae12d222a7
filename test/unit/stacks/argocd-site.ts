import type { Changes } from "./sample.ts";

/** Home's changes by which it has Argo CD, which differs so. */
export function argocdSite(changes: object = {}): Changes {
  return {
    "gateway.routes": {
      argocd: {
        hostnames: ["argocd.home.arpa"],
        ...{ namespace: "argocd", service: "argocd-server", port: 80 },
      },
    },
    argocd: {
      hostname: "argocd.home.arpa",
      signOn: {
        issuer: "https://id.example.net",
        clientId: "argocd",
        clientSecret: "op://Homelab/Argo CD/client-secret",
        admins: { people: ["admins"] },
      },
      repositories: {
        home: {
          url: "https://github.com/example/home.git",
          password: "op://Homelab/Argo CD/token",
        },
        public: { url: "https://git.example.net/charts.git" },
      },
      hosts: ["charts.jetstack.io"],
      projects: { household: { repositories: ["home"], namespaces: ["photos"] } },
      applications: { apps: { repository: "home", path: "gitops/home", each: true } },
      webhooks: { github: "op://Homelab/Argo CD/github" },
      ...changes,
    },
  };
}
