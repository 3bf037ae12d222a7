import { ClusterRoleBinding } from "@pulumi/kubernetes/rbac/v1/clusterRoleBinding.js";
import { ComponentResource, type ComponentResourceOptions } from "@pulumi/pulumi";
import { bindingObject, peopleBindings, type ApiRights } from "./roles.ts";

/** What people may do at the Kubernetes API, once they have signed on. The cluster's provider is that of `opts.providers`. */
export class PeopleRights extends ComponentResource {
  constructor(name: string, rights: ApiRights, opts?: ComponentResourceOptions) {
    super("homelab:people:Rights", name, {}, opts);
    for (const binding of peopleBindings(rights))
      new ClusterRoleBinding(`${name}-${binding.name}`, bindingObject(binding), { parent: this });
    this.registerOutputs({});
  }
}
