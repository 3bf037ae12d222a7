import { Provider as Kubernetes } from "@pulumi/kubernetes/provider.js";

/** A server on host stone that stands, for components that come after the machines; its VM is any resource. */
export const standingMachine = (name: string) => ({
  name,
  address: "192.168.1.21",
  privateKey: "key",
  hostKey: "ssh-ed25519 AAAA",
  host: "stone",
  role: "server" as const,
  generation: "gen-12345678",
  offline: false,
  stands: true,
  vm: new Kubernetes(`${name}-vm`),
});
