import { Provider as Cloudflare } from "@pulumi/cloudflare/provider.js";
import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";
import { ComponentResource, CustomResource, type Resource } from "@pulumi/pulumi";
import { record, type Recording } from "../../recorder.ts";
import type { Publication } from "../../../components/edge/publication.ts";

/** An application and a policy that edges are tried with. */
export const typeo: Publication = {
  name: "typeo",
  hostname: "typeo.example.net",
  service: "http://typeo.typeo.svc.cluster.local:8080",
  access: ["family"],
};
export const family = {
  emails: ["Family@Example.net", "admin@example.net"],
  emailDomains: [],
  serviceTokens: ["monitoring"],
  sessionDuration: "24h",
};

/** What a component is given besides its own arguments. */
export interface Surroundings {
  readonly cluster: Resource;
  readonly cloudflare: Cloudflare;
  readonly kubernetes: Kubernetes;
}

/** What a program registers in a cluster with an edge. */
export async function register(program: (given: Surroundings) => void): Promise<Recording> {
  const recording = await record("home");
  program({
    cluster: new (class extends ComponentResource {})("test:Cluster", "cluster"),
    cloudflare: new Cloudflare("cloudflare", {}),
    kubernetes: new Kubernetes("kubernetes", {}),
  });
  return recording.settled();
}

/** A resource that something may wait for. */
export function standing(name: string): Resource {
  return new (class extends CustomResource {})("test:index:Leaf", name, {});
}
