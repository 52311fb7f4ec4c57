import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { closeCodes } from '../../src/gateways/index.js';
import { grpcStatus, statusOfClosing, statusOfRefusal } from '../../src/gateways/grpcStatus.js';

describe('the statuses of gRPC calls', () => {
  it('have the numbers of the protocol', () => {
    const upper = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
    for (const [name, code] of Object.entries(grpcStatus)) expect(status[code], name).to.equal(upper(name));
  });

  it('are there for every way in which a connection closes', () => {
    const codes = Object.fromEntries(
      Object.entries(closeCodes).map(([name, code]) => [name, status[statusOfClosing(code, '').code]]),
    );
    expect(codes).to.deep.equal({
      goodbye: 'OK',
      closed: 'UNAVAILABLE',
      protocolError: 'INTERNAL',
      wrongFrameKind: 'INVALID_ARGUMENT',
      broken: 'CANCELLED',
      unreadable: 'INVALID_ARGUMENT',
      refused: 'INVALID_ARGUMENT',
      tooLarge: 'RESOURCE_EXHAUSTED',
      internal: 'INTERNAL',
      unhealthy: 'UNAVAILABLE',
      overwritten: 'ABORTED',
    });
  });

  it('tell what may not be done from what makes no sense, and from what is too much', () => {
    const of = (reason: string) => status[statusOfClosing(closeCodes.refused, reason).code];
    expect(of('authorization: agents cannot open tunnels')).to.equal('PERMISSION_DENIED');
    expect(of('token expired')).to.equal('UNAUTHENTICATED');
    expect(of('update_self node is required')).to.equal('INVALID_ARGUMENT');
    expect(of('too many tunnels: at most 1')).to.equal('RESOURCE_EXHAUSTED');
  });

  it('are those of HTTP for who is turned away', () => {
    const of = (httpStatus: number) => status[statusOfRefusal({ status: httpStatus, reason: '' }).code];
    expect([400, 401, 403, 500, 503].map(of)).to.deep.equal([
      ...['INVALID_ARGUMENT', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'INTERNAL', 'UNAVAILABLE'],
    ]);
    expect(of(418)).to.equal('INTERNAL');
  });
});
