import { userPrefix } from "../rke2/authentication.ts";

/** Who may do what at the Kubernetes API, by e-mail address in lower case. */
export interface ApiRights {
  /** Everything. */
  readonly admins: readonly string[];
  /** To look at everything but Secrets. */
  readonly readers: readonly string[];
}

/** A ClusterRoleBinding of people. */
export interface PeopleBinding {
  readonly name: string;
  /** ClusterRole of Kubernetes' own. */
  readonly role: string;
  readonly emails: readonly string[];
}

/**
 * The bindings of those rights; a right that nobody has is none. People are named one by one: their tokens know no groups of the
 * site. Who is taken out has no right from that moment on, however long the token lives.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
 */
export function peopleBindings({ admins, readers }: ApiRights): readonly PeopleBinding[] {
  const all: readonly PeopleBinding[] = [
    { name: "homelab-admins", role: "cluster-admin", emails: admins },
    { name: "homelab-readers", role: "view", emails: readers },
  ];
  return all.filter(({ emails }) => emails.length > 0);
}

/** The binding as the API has it. */
export function bindingObject({ name, role, emails }: PeopleBinding) {
  const apiGroup = "rbac.authorization.k8s.io";
  return {
    metadata: { name },
    roleRef: { apiGroup, kind: "ClusterRole", name: role },
    subjects: emails.map((email) => ({ apiGroup, kind: "User", name: `${userPrefix}${email}` })),
  };
}
