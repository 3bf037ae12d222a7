/** Where the gateway of a class of buckets answers inside of the cluster. */
import { storageNamespace } from "./operator-values.ts";

/** Port of the Service: plain http (pools.ts). */
export const gatewayServicePort = 80;

/** The Service that Rook makes for an object store (rook, pkg/apis/ceph.rook.io/v1/object.go, GetServiceName). */
export const gatewayService = (storageClass: string): string => `rook-ceph-rgw-${storageClass}`;

/**
 * Its name, as Rook calls it to claims, and tells the gateway that it is its own (GetServiceDomainName). A gateway that has
 * names takes any other one for a bucket's (ceph, src/rgw/rgw_rest.cc, RGWREST::preprocess).
 */
export const gatewayHost = (storageClass: string): string =>
  `${gatewayService(storageClass)}.${storageNamespace.name}.svc`;

/** Where S3 is asked inside of the cluster, by plain http: the name with the port. */
export const gatewayAddress = (storageClass: string): string =>
  `${gatewayHost(storageClass)}:${gatewayServicePort}`;
