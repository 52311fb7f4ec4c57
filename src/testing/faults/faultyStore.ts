import type { Store } from '../../db/store.js';
import type { Wire } from './wire.js';

export const faultyStore = (store: Store, through: Wire): Store => ({
  heartbeat: (...args) => through({ method: 'heartbeat', args }, store.heartbeat(...args)),
  readCoordinators: (...args) => through({ method: 'readCoordinators', args }, store.readCoordinators(...args)),
  writeBindings: (...args) => through({ method: 'writeBindings', args }, store.writeBindings(...args)),
  writeTunnels: (...args) => through({ method: 'writeTunnels', args }, store.writeTunnels(...args)),
  loseBindings: (...args) => through({ method: 'loseBindings', args }, store.loseBindings(...args)),
  readNeighbours: (...args) => through({ method: 'readNeighbours', args }, store.readNeighbours(...args)),
  readPairs: (...args) => through({ method: 'readPairs', args }, store.readPairs(...args)),
  readBindings: (...args) => through({ method: 'readBindings', args }, store.readBindings(...args)),
  readOwnBindings: (...args) => through({ method: 'readOwnBindings', args }, store.readOwnBindings(...args)),
  readOwnTunnels: (...args) => through({ method: 'readOwnTunnels', args }, store.readOwnTunnels(...args)),
  cleanCoordinators: () => through({ method: 'cleanCoordinators', args: [] }, store.cleanCoordinators()),
  cleanLostBindings: () => through({ method: 'cleanLostBindings', args: [] }, store.cleanLostBindings()),
  cleanTunnels: () => through({ method: 'cleanTunnels', args: [] }, store.cleanTunnels()),
});
