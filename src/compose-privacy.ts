import { personalReads } from './access/personal-reads.js';
import { composePrivacyWork, type PrivacyRoomParts } from './compose-privacy-work.js';
import { PrivacyResolver, UserAccessLogResolver } from './privacy/privacy.resolver.js';

/** Export, erasure, tombstones, the audit trail. */
export function composePrivacyRoom(parts: PrivacyRoomParts) {
  const work = composePrivacyWork(parts);
  const { audit, eraseUser, exportUser } = work;
  return {
    ...work,
    personalRead: personalReads({ writeReads: audit.writeReads }),
    resolvers: [
      new PrivacyResolver({ exportUser, eraseUser, auditPage: audit.page }),
      new UserAccessLogResolver({ auditPagesOf: audit.pagesOf }),
    ],
  };
}
