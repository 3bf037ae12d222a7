/** Who pulls a private image, and from where. */
export interface ImagePull {
  readonly username: string;
  readonly password: string;
}

/**
 * What Docker's registry is called in a file of logins: its address from before there were others. The kubelet takes this
 * name for images that name no registry, for `docker.io` and for `index.docker.io`.
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/credentialprovider/keyring.go
 */
const dockerHub = "https://index.docker.io/v1/";

/**
 * The registry of an image, as a file of logins names it. What stands before the first `/` is one where it has a dot or a
 * port, or is `localhost`.
 * @see https://github.com/distribution/reference/blob/main/normalize.go (splitDockerDomain)
 */
export function loginName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return !isRegistry || ["docker.io", "index.docker.io"].includes(first) ? dockerHub : first;
}

/**
 * The file of logins by which the kubelet pulls an image: content of a Secret of the type `kubernetes.io/dockerconfigjson`,
 * as `kubectl create secret docker-registry` makes it.
 * @see https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
 */
export function dockerConfig(image: string, { username, password }: ImagePull): string {
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return JSON.stringify({ auths: { [loginName(image)]: { username, password, auth } } });
}
