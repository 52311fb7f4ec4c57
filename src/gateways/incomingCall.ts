import type { PeerCertificate } from 'node:tls';
import type { Metadata } from '@grpc/grpc-js';
import type { Observable } from 'rxjs';
import type { Identity } from './identity.js';

/** A gRPC call that was not accepted yet. */
export interface IncomingCall {
  /** What the client sent with it, such as `authorization`. */
  readonly metadata: Metadata;
  /** The address that the call comes from, without the port. */
  readonly remoteAddress: string;
  /** The certificate of the client, if it has shown one and it is good; so only with mutual TLS. */
  readonly clientCertificate: PeerCertificate | undefined;
}

/**
 * Finds out who calls, before anything of the call is read. To turn them away, throw an `IdentityError`, or return an
 * Observable that fails with one. Only the first value counts. Any other error is a defect: they get INTERNAL, and the
 * event `rejected` carries it.
 */
export type IdentifyCall = (call: IncomingCall) => Identity | Observable<Identity>;
