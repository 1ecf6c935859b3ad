using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.Ceremonies;

/// <summary>
/// What a user action is signed over, in a form to compare: the payload as a JSON value. Clients write the text they sign and the body they
/// send in different ways: order of members, white space, escapes. No body, an empty one and <c>{}</c> are one value.
/// </summary>
internal static class SignedPayload
{
    /// <summary>The digest of a payload.</summary>
    /// <param name="json">UTF-8 JSON, or nothing.</param>
    /// <returns>SHA-256 in hexadecimal of the canonical form; null for what is no JSON, too deep, or has a member twice.</returns>
    public static string? Digest(ReadOnlyMemory<byte> json)
    {
        var canonical = new ArrayBufferWriter<byte>();
        if (!json.Span.IsEmpty)
        {
            try
            {
                using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = WireJson.MaxDepth });
                if (document.RootElement is not { ValueKind: JsonValueKind.Object } root || root.EnumerateObject().Any())
                {
                    using var writer = new Utf8JsonWriter(canonical);
                    Write(writer, document.RootElement);
                }
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // InvalidOperationException: text that holds half of a surrogate pair.
                return null;
            }
        }

        return Convert.ToHexStringLower(SHA256.HashData(canonical.WrittenSpan));
    }

    /// <inheritdoc cref="Digest(ReadOnlyMemory{byte})"/>
    public static string? Digest(string json) => Digest(Encoding.UTF8.GetBytes(json));

    private static void Write(Utf8JsonWriter writer, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(member.Name);
                    Write(writer, member.Value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray()) Write(writer, item);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(value.GetString());
                break;
            case JsonValueKind.Number:
                writer.WriteRawValue(Number(value.GetRawText()));
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    // 1, 1.0 and 10e-1 are one value: its digits without zeros around them, and the exponent of the last one. An exponent beyond 32 bits
    // stands as it is spelled.
    private static string Number(string spelled)
    {
        var parts = spelled.Split('e', 'E');
        var power = 0;
        if (parts is [_, var exponent] && !int.TryParse(exponent, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out power)) return spelled;

        var sign = spelled.StartsWith('-') ? "-" : "";
        var mantissa = parts[0].TrimStart('-').Split('.');
        var digits = string.Concat(mantissa).TrimStart('0');
        var significant = digits.TrimEnd('0');
        var fraction = mantissa is [_, var decimals] ? decimals.Length : 0;
        return significant.Length == 0 ? "0" : string.Create(CultureInfo.InvariantCulture, $"{sign}{significant}e{(long)power - fraction + digits.Length - significant.Length}");
    }
}
