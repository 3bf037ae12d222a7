/** What a site's telemetry of Tesla vehicles is made of, as its component is told. All plain: it shapes the graph. */

export interface TelemetryPlan {
  /** Name by which vehicles find the server; its certificate is for this name. */
  readonly hostname: string;
  /** Port that vehicles, the router and the load balancer have alike. */
  readonly port: number;
  /** Load-balancer address of the server. */
  readonly address: string;
  readonly replicas: number;
  /** ClusterIssuer of the server's certificate. */
  readonly issuer: string;
  /** Begins the names of the topics. */
  readonly prefix: string;
  /** Vehicles by the names that people give them; by VIN. */
  readonly vehicles: Readonly<Record<string, string>>;
}

/** How to reach Kafka, as `components/kafka/objects.ts` tells a login. */
export interface KafkaLogin {
  readonly bootstrap: string;
  readonly username: string;
  readonly password: string;
  readonly protocol: string;
  readonly mechanism: string;
}
