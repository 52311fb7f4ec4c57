import { generate } from 'selfsigned';

/** A certificate of 127.0.0.1 and localhost that vouches for itself, with its key, in PEM. New each time. */
export const certificate = async (): Promise<{ readonly cert: string; readonly key: string }> => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
        ],
      },
    ],
  });
  return { cert, key };
};
