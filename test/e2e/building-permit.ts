import { uuidv7 } from 'uuidv7';

/** The building authority's dialog with every part that a dialog can be created with, in the form that GET answers in. */
export function buildingPermit() {
  const plain = (texts: Record<string, string>) => ({ mediaType: 'text/plain', value: localized(texts) });
  return {
    id: uuidv7(),
    idempotentKey: `case-${Math.random().toString(36).slice(2, 12)}`,
    serviceResource: 'urn:altinn:resource:ttd-building-permit',
    party: 'urn:altinn:organization:identifier-no:313007103',
    externalReference: '2026/118',
    process: 'urn:ttd:process:building-permit:118',
    precedingProcess: 'urn:ttd:process:site-visit:117',
    progress: 25,
    extendedStatus: 'urn:ttd:waiting-for-drawings',
    status: 'RequiresAttention',
    dueAt: inDays(14),
    expiresAt: inDays(365),
    searchTags: [{ value: 'boathouse' }, { value: 'byggesøknad' }, { value: 'gnr 12 bnr 4' }],
    content: {
      title: plain({
        en: 'Building permit for a boathouse',
        nb: 'Byggesøknad for naust',
        nn: 'Byggjesøknad for naust',
      }),
      nonSensitiveTitle: plain({ en: 'Building permit', nb: 'Byggesøknad' }),
      summary: plain({ en: 'We need drawings of the facade.', nb: 'Vi mangler tegninger av fasaden.' }),
      senderName: plain({ en: 'The Test Ministry, planning', nb: 'Testdepartementet, plan og bygg' }),
      additionalInfo: {
        mediaType: 'text/markdown',
        value: localized({ en: '## Next step\n\nSend us the *drawings*.', nb: '## Neste steg\n\nSend *tegningene*.' }),
      },
      extendedStatus: plain({ en: 'Drawings missing', nb: 'Mangler tegninger' }),
      mainContentReference: {
        mediaType: 'application/vnd.dialogporten.frontchannelembed-url;type=text/markdown',
        value: localized({ en: 'https://ttd.example/permits/118/en.md', nb: 'https://ttd.example/permits/118/nb.md' }),
      },
    },
    guiActions: [
      {
        id: uuidv7(),
        action: 'write',
        url: 'https://ttd.example/permits/118/drawings',
        isDeleteDialogAction: false,
        httpMethod: 'GET',
        priority: 'Primary',
        title: localized({ en: 'Send drawings', nb: 'Send tegninger' }),
      },
      {
        id: uuidv7(),
        action: 'delete',
        url: 'https://ttd.example/permits/118',
        authorizationAttribute: 'urn:altinn:subresource:withdrawal',
        isDeleteDialogAction: true,
        httpMethod: 'DELETE',
        priority: 'Secondary',
        title: localized({ en: 'Withdraw', nb: 'Trekk søknaden' }),
        prompt: localized({ en: 'Withdraw the application?', nb: 'Vil du trekke søknaden?' }),
      },
    ],
    apiActions: [
      {
        id: uuidv7(),
        action: 'write',
        name: 'send-drawings',
        endpoints: [
          {
            id: uuidv7(),
            version: 'v2',
            url: 'https://api.ttd.example/v2/permits/118/drawings',
            httpMethod: 'POST',
            documentationUrl: 'https://docs.ttd.example/v2',
            requestSchema: 'https://schemas.ttd.example/v2/drawings.json',
            responseSchema: 'https://schemas.ttd.example/v2/receipt.json',
            deprecated: false,
          },
          {
            id: uuidv7(),
            version: 'v1',
            url: 'https://api.ttd.example/v1/permits/118/drawings',
            httpMethod: 'PUT',
            deprecated: true,
            sunsetAt: '2027-01-01T00:00:00.0000000Z',
          },
        ],
      },
    ],
    attachments: [
      {
        id: uuidv7(),
        displayName: localized({ en: 'Application', nb: 'Søknad' }),
        name: 'application',
        expiresAt: inDays(300),
        urls: [
          {
            id: uuidv7(),
            url: 'https://ttd.example/permits/118/application.pdf',
            mediaType: 'application/pdf',
            consumerType: 'Gui',
          },
          {
            id: uuidv7(),
            url: 'https://ttd.example/permits/118/application.xml',
            mediaType: 'application/xml',
            consumerType: 'Api',
          },
        ],
      },
    ],
    transmissions: [
      {
        id: uuidv7(),
        idempotentKey: 'request-1',
        createdAt: '2026-03-01T08:15:30.1234560Z',
        extendedType: 'urn:ttd:request-for-drawings',
        externalReference: '2026/118-2',
        type: 'Request',
        sender: { actorType: 'ServiceOwner' },
        content: {
          title: plain({ en: 'Drawings missing', nb: 'Mangler tegninger' }),
          summary: plain({ en: 'Send them within two weeks.', nb: 'Send dem innen to uker.' }),
          contentReference: {
            mediaType: 'application/vnd.dialogporten.frontchannelembed-url;type=text/markdown',
            value: localized({ nb: 'https://ttd.example/permits/118/request.md' }),
          },
        },
        attachments: [
          {
            id: uuidv7(),
            displayName: localized({ en: 'What drawings must show', nb: 'Krav til tegninger' }),
            urls: [{ url: 'https://ttd.example/requirements.pdf', mediaType: 'application/pdf', consumerType: 'Gui' }],
          },
        ],
        navigationalActions: [{ title: localized({ nb: 'Veileder' }), url: 'https://ttd.example/guide' }],
      },
    ],
    activities: [
      {
        id: uuidv7(),
        createdAt: '2026-03-01T08:00:00.0000000Z',
        type: 'FormSubmitted',
        performedBy: {
          actorType: 'PartyRepresentative',
          actorId: 'urn:altinn:person:identifier-no:01817030080',
        },
      },
      {
        id: uuidv7(),
        createdAt: '2026-03-01T08:16:00.0000000Z',
        type: 'Information',
        extendedType: 'urn:ttd:case-worker-assigned',
        performedBy: { actorType: 'ServiceOwner' },
        description: localized({ en: 'A case worker has been assigned.', nb: 'Saken har fått en saksbehandler.' }),
      },
    ],
  };
}

function localized(texts: Record<string, string>) {
  return Object.entries(texts).map(([languageCode, value]) => ({ languageCode, value }));
}

function inDays(days: number): string {
  const day = new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  return `${day}T12:00:00.0000000Z`;
}
