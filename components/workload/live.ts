import { unknown } from "@pulumi/pulumi";

/**
 * Id of what is read at each run. It is unknown to a preview while the API does not answer: the provider fails every read
 * then, and with it the preview of the very `up` that would bring the cluster back.
 */
export async function liveId(
  id: string,
  preview: boolean,
  answers: () => Promise<boolean>,
): Promise<string> {
  return preview && !(await answers()) ? (unknown as string) : id;
}
