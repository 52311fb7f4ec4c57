/**
 * Gateways: functions from a coordinator and options to an Observable of {@link GatewayEvent}. Subscribing serves;
 * unsubscribing drains, which
 * ends every connection, and closes.
 *
 * @packageDocumentation
 */
export {
  jwksUrl,
  jwtKeyFile,
  jwtPublicKey,
  jwtSecret,
  jwtSecretFile,
  jwtVerifier,
  revocationFile,
} from '../auth/jwt/index.js';
export type {
  FileKeysOptions,
  IdentityClaims,
  JwksUrlOptions,
  JwtAlgorithm,
  JwtKeys,
  JwtVerifierOptions,
  KeysEvent,
  RefreshableKeys,
  RevocationFileOptions,
  RevocationsEvent,
  TokenHeader,
  TokenVerifier,
  VerificationKey,
  VerifiedToken,
} from '../auth/jwt/index.js';
export { bearerToken } from './bearerToken.js';
export { closeCodes, isWarning } from './closeCode.js';
export { coordinateAs } from './coordinateAs.js';
export { defaultDebugLimits } from './debug/debugOptions.js';
export type { DebugLimits, DebugOptions } from './debug/debugOptions.js';
export { debugPath, debugRoutes } from './debug/debugRoutes.js';
export type { GatewayEvent } from './gatewayEvent.js';
export { grpcGateway } from './grpcGateway.js';
export type { GrpcCoordinator } from './serveGrpc.js';
export { defaultGrpcLimits } from './grpcOptions.js';
export type { GrpcEndpoint, GrpcGatewayOptions, GrpcLimits } from './grpcOptions.js';
export type { GrpcServer } from './coordinateService.js';
export { defaultGatewayLimits } from './gatewayLimits.js';
export type { GatewayLimits } from './gatewayLimits.js';
export { statusOfClosing } from './grpcStatus.js';
export type { CallStatus } from './grpcStatus.js';
export { healthRoutes } from './healthRoutes.js';
export { getRoute, replyJson, replyText, serveRoutes } from './httpRoutes.js';
export type { HttpRoute, HttpRoutes } from './httpRoutes.js';
export type { PathParameters } from './routeTable.js';
export { Http1Message } from './http1Message.js';
export { httpServer$ } from './httpServer.js';
export type { HttpServerOptions, ListeningHttpServer } from './httpServer.js';
export { IdentityError } from './identity.js';
export type { Identify, Identity, Role } from './identity.js';
export { identityFromCallToken } from './identityFromCallToken.js';
export { identityFromMetadata } from './identityFromMetadata.js';
export { identityFromQuery } from './identityFromQuery.js';
export { identityFromToken } from './identityFromToken.js';
export { originPolicy } from './originPolicy.js';
export type { OriginPolicy } from './originPolicy.js';
export { remoteAddress } from './remoteAddress.js';
export type { RemoteAddress } from './remoteAddress.js';
export { routesUnder } from './routesUnder.js';
export type { IdentifyCall, IncomingCall } from './incomingCall.js';
export { subprotocolNames } from './subprotocols.js';
export { defaultV1Limits, serveAgentV1, serveClientV1 } from './legacy/serveV1.js';
export type { V1Limits, V1Options } from './legacy/serveV1.js';
export { tailnetService } from './tailnetService.js';
export type { TlsOptions, TlsSource } from './tls.js';
export { tlsFiles$ } from './tlsFiles.js';
export type { TlsFiles, TlsFilesOptions } from './tlsFiles.js';
export { coordinatePath, v1CoordinatePath, webSocketGateway } from './webSocketGateway.js';
export { defaultWebSocketLimits } from './webSocketOptions.js';
export type {
  V1WebSocketOptions,
  WebSocketEndpoint,
  WebSocketGatewayOptions,
  WebSocketLimits,
} from './webSocketOptions.js';
export { defaultWatchLimits } from './watchOptions.js';
export type { WatchLimits, WatchOptions } from './watchOptions.js';
export { watchPath, watchRoutes } from './watchRoutes.js';
export { v1WebSocketRoute, webSocketRoute } from './webSocketRoute.js';
