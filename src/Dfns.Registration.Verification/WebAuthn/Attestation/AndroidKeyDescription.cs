using System.Formats.Asn1;
using System.Numerics;
using Dfns.Registration.Verification.Encoding;

namespace Dfns.Registration.Verification.WebAuthn.Attestation;

/// <summary>
/// The key description of Android key attestation: the extension of the leaf in which the device says what it knows of the key. Read in
/// DER, by the published schema, all of it; of the authorizations only those that WebAuthn L3 §8.4 asks about are kept.
/// </summary>
/// <param name="Challenge">The attestation challenge.</param>
/// <param name="SoftwareEnforced">What Android itself enforces.</param>
/// <param name="TeeEnforced">What the trusted execution environment, or a secure element, enforces.</param>
internal sealed record AndroidKeyDescription(
    ReadOnlyMemory<byte> Challenge, AndroidAuthorizations SoftwareEnforced, AndroidAuthorizations TeeEnforced)
{
    /// <summary>The object identifier of the extension.</summary>
    public const string Oid = "1.3.6.1.4.1.11129.2.1.17";

    /// <summary>Reads the content of the extension.</summary>
    /// <returns>The description, or <see cref="RefusalReason.AndroidKeyDescriptionMalformed"/>.</returns>
    public static Outcome<AndroidKeyDescription> Read(ReadOnlyMemory<byte> der)
    {
        // The fields that nobody asks about as well, down to their last value.
        if (!DerStructure.IsDistinguished(der)) return RefusalReason.AndroidKeyDescriptionMalformed;
        try
        {
            var outer = new AsnReader(der, AsnEncodingRules.DER);
            var description = outer.ReadSequence();
            outer.ThrowIfNotEmpty();

            // attestationVersion, attestationSecurityLevel, keymasterVersion, keymasterSecurityLevel.
            description.ReadIntegerBytes();
            description.ReadEnumeratedBytes();
            description.ReadIntegerBytes();
            description.ReadEnumeratedBytes();
            var challenge = description.ReadOctetString();
            // uniqueId.
            description.ReadOctetString();
            var softwareEnforced = AndroidAuthorizations.Read(description.ReadSequence());
            var teeEnforced = AndroidAuthorizations.Read(description.ReadSequence());
            description.ThrowIfNotEmpty();

            return new AndroidKeyDescription(challenge, softwareEnforced, teeEnforced);
        }
        catch (AsnContentException)
        {
            return RefusalReason.AndroidKeyDescriptionMalformed;
        }
    }
}

/// <summary>One of the two authorization lists.</summary>
/// <param name="IsEmpty">Whether the list says nothing at all.</param>
/// <param name="AllApplications">Whether every application may use the key, which is not so bound to one relying party.</param>
/// <param name="Purposes">What the key may be used for; empty when the list does not say.</param>
/// <param name="Origin">Where the key comes from; null when the list does not say.</param>
internal sealed record AndroidAuthorizations(bool IsEmpty, bool AllApplications, IReadOnlyList<BigInteger> Purposes, BigInteger? Origin)
{
    // The tags of the schema's AuthorizationList.
    private const int PurposeTag = 1;
    private const int AllApplicationsTag = 600;
    private const int OriginTag = 702;

    /// <summary>
    /// Reads the content of an AuthorizationList: explicitly tagged fields, all optional, none twice. The schema has them in the order of
    /// their tags; not all devices do.
    /// </summary>
    /// <exception cref="AsnContentException">The content is not of this form.</exception>
    public static AndroidAuthorizations Read(AsnReader list)
    {
        var isEmpty = !list.HasData;
        var allApplications = false;
        var purposes = new List<BigInteger>();
        BigInteger? origin = null;
        var tagsSeen = new HashSet<int>();
        while (list.HasData)
        {
            var tag = list.PeekTag();
            if (tag.TagClass != TagClass.ContextSpecific || !tagsSeen.Add(tag.TagValue)) throw new AsnContentException("no field, or one twice");

            var field = list.ReadSequence(tag);
            switch (tag.TagValue)
            {
                case PurposeTag:
                    var set = field.ReadSetOf();
                    while (set.HasData) purposes.Add(set.ReadInteger());
                    break;
                case AllApplicationsTag:
                    field.ReadNull();
                    allApplications = true;
                    break;
                case OriginTag:
                    origin = field.ReadInteger();
                    break;
                default:
                    // Fields that nobody asks about, and those of schemas to come.
                    field.ReadEncodedValue();
                    break;
            }

            field.ThrowIfNotEmpty();
        }

        return new AndroidAuthorizations(isEmpty, allApplications, purposes, origin);
    }
}
