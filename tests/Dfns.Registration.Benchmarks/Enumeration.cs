using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.TestKit.Databases;
using Dfns.Registration.Verification;

namespace Dfns.Registration.Benchmarks;

/// <summary>
/// Whether anybody can tell by answer or by time who is a user: requests about known and unknown names, mixed, for every call that takes
/// a name from whoever asks.
/// </summary>
internal static class Enumeration
{
    private const int Requests = 2000;
    private const int WarmUp = 300;
    private const string RelyingPartyId = "example.co";
    private const string Origin = "https://app.example.co";

    public static async Task MeasureAsync(string name, Func<Task<TestDatabase>> makeDatabase)
    {
        await using var database = await makeDatabase();
        await using var mails = new MailSink();
        await using var service = await ServiceProcess.StartProductionAsync(
            database.Provider, database.ConnectionString, ("Mail:Port", mails.Port.ToString(CultureInfo.InvariantCulture)), ("Mail:Security", "None"));
        var seed = Seed.In(database);
        var orgId = await seed.OrganisationAsync(RelyingPartyId, Origin);
        // A name each, so that neither side finds its rows warmer than the other; and of one length.
        var invited = await seed.InviteAsync(orgId, Names("invited"));
        var registered = await seed.InviteAsync(orgId, Names("members"));
        for (var n = 0; n < registered.Count; n++) await RegisterAsync(service, registered[n], synced: n % 2 == 0);
        await seed.AnalyzeAsync();
        var unknown = Names("nobodys").Select(n => new Invitation(orgId, n, "")).ToList();

        Console.WriteLine();
        Console.WriteLine($"Known and unknown users on {name}: {Requests:N0} requests each, mixed, by one caller");
        Console.WriteLine("call                       users     answers   different bodies   mean ms   median ms   95 % within ms");
        await MeasureAsync(service, "wrong registration code", HttpMethod.Post, "/auth/registration/init", invited, unknown, i => Callers.InitBody(i, Callers.WrongCode));
        await MeasureAsync(service, "new registration code", HttpMethod.Put, "/auth/registration/code", invited, unknown, CodeBody);
        await MeasureAsync(service, "wrong login code", HttpMethod.Post, "/auth/login/init", registered, unknown, i => LoginBody(i, Callers.WrongCode));
        await MeasureAsync(service, "new login code", HttpMethod.Post, "/auth/login/code", registered, unknown, CodeBody);
        await MeasureAsync(service, "wrong recovery code", HttpMethod.Post, "/auth/recover/user/init", registered, unknown, RecoveryBody);
        await MeasureAsync(service, "new recovery code", HttpMethod.Post, "/auth/recover/user/code", registered, unknown, CodeBody);
        await MeasureAsync(service, "sign-in challenge", HttpMethod.Post, "/auth/login/init", registered, unknown, i => LoginBody(i, code: null));

        // Nobody's credentials have many shapes; an answer is compared with answers to the shape that these users have.
        var forged = await ForgeAsync(service, registered);
        var toNobody = await ForgeAsync(service, Enumerable.Range(0, int.MaxValue).Select(n => new Invitation(orgId, $"nowhere-{n:00000}@example.co", "")));
        await MeasureAsync(service, "forged sign-in", HttpMethod.Post, "/auth/login", forged, toNobody, body => body);
        await service.StopAsync();

        static string[] Names(string prefix) => [.. Enumerable.Range(0, Requests + WarmUp).Select(n => $"{prefix}-{n:00000}@example.co")];
    }

    private static JsonObject CodeBody(Invitation user) => new() { ["username"] = user.Username, ["orgId"] = user.OrgId };

    private static JsonObject LoginBody(Invitation user, string? code)
    {
        var body = CodeBody(user);
        if (code is not null) body["loginCode"] = code;
        return body;
    }

    private static JsonObject RecoveryBody(Invitation user) =>
        new() { ["username"] = user.Username, ["orgId"] = user.OrgId, ["verificationCode"] = Callers.WrongCode, ["credentialId"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };

    // Half of nobody's passkeys are synced ones: an answer from another kind of passkey is refused before its signature is looked at.
    private static async Task RegisterAsync(ServiceProcess service, Invitation user, bool synced)
    {
        var (status, text) = await Callers.SendAsync(service.Http, HttpMethod.Post, "/auth/registration/init", Callers.InitBody(user, user.Code));
        if (status != 200) throw new InvalidOperationException(text);
        var session = JsonNode.Parse(text)!;
        var passkey = new SoftwareAuthenticator().Create((string)session["challenge"]!, RelyingPartyId, Origin, d => d.Flags |= (byte)(synced ? 0x08 : 0));
        (status, text) = await Callers.SendAsync(
            service.Http, HttpMethod.Post, "/auth/registration", new JsonObject { ["firstFactorCredential"] = passkey.ToJson() }, (string)session["temporaryAuthenticationToken"]!);
        if (status != 200) throw new InvalidOperationException(text);
    }

    /// <returns>Answers to challenges that name one passkey, signed by another key.</returns>
    private static async Task<IReadOnlyList<JsonObject>> ForgeAsync(ServiceProcess service, IEnumerable<Invitation> users)
    {
        var answers = new List<JsonObject>();
        var authenticator = new SoftwareAuthenticator();
        foreach (var user in users)
        {
            if (answers.Count == Requests + WarmUp) break;
            var (status, text) = await Callers.SendAsync(service.Http, HttpMethod.Post, "/auth/login/init", LoginBody(user, code: null));
            if (status != 200) throw new InvalidOperationException(text);
            var challenge = JsonNode.Parse(text)!;
            if (challenge["supportedCredentialKinds"]!.AsArray().Count != 1 || challenge["allowCredentials"]!["webauthn"]!.AsArray() is not [{ } passkey]) continue;
            answers.Add(new JsonObject
            {
                ["challengeIdentifier"] = (string)challenge["challengeIdentifier"]!,
                ["firstFactor"] = authenticator.Get((string)challenge["challenge"]!, RelyingPartyId, Origin, (string)passkey["id"]!).ToJson(CredentialKind.Fido2),
            });
        }

        return answers;
    }

    private static async Task MeasureAsync<T>(
        ServiceProcess service, string call, HttpMethod method, string path, IReadOnlyList<T> known, IReadOnlyList<T> unknown, Func<T, JsonObject> body)
    {
        var answers = new[] { new List<string>(), [] };
        var times = new[] { new List<double>(), [] };
        // In a random order: what one request leaves to be done, a mail above all, meets either side as often.
        foreach (var (side, n) in Shuffled(WarmUp, 0).Concat(Shuffled(Requests, WarmUp)))
        {
            var about = body((side == 0 ? known : unknown)[n]);
            var began = Stopwatch.GetTimestamp();
            var (status, text) = await Callers.SendAsync(service.Http, method, path, about);
            if (n < WarmUp) continue;
            times[side].Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            answers[side].Add($"{status} {(status == 200 ? Shape(JsonNode.Parse(text)) : text)}");
        }

        foreach (var (side, users) in new[] { (0, "known"), (1, "unknown") })
        {
            var sorted = times[side].Order().ToList();
            var bodies = answers[side].Distinct(StringComparer.Ordinal).Count();
            Console.WriteLine($"{call,-24}   {users,-7}   {sorted.Count,7}   {bodies,16}   {sorted.Average(),7:0.000}   {sorted[sorted.Count / 2],9:0.000}   {sorted[(int)(sorted.Count * 0.95)],14:0.000}");
        }

        var alien = answers[0].Except(answers[1], StringComparer.Ordinal).Count();
        // Welch's t: beyond about 2 the means would differ by more than chance.
        var difference = times[0].Average() - times[1].Average();
        var t = difference / Math.Sqrt((Variance(times[0]) / Requests) + (Variance(times[1]) / Requests));
        Console.WriteLine($"{"",-24}   {alien} bodies of known users that no unknown one gets; the means differ by {difference:0.000} ms, t = {t:0.00}");
    }

    private static (int Side, int N)[] Shuffled(int count, int from)
    {
        var turns = Enumerable.Range(from, count).SelectMany(n => new[] { (0, n), (1, n) }).ToArray();
        RandomNumberGenerator.Shuffle(turns.AsSpan());
        return turns;
    }

    // What stands in a challenge is random: it is compared by its members and by how many there are of each.
    private static string Shape(JsonNode? node) => node switch
    {
        JsonObject members => $"{{{string.Join(',', members.Select(m => $"{m.Key}:{Shape(m.Value)}"))}}}",
        JsonArray items => $"[{string.Join(',', items.Select(Shape))}]",
        null => "null",
        _ => "value",
    };

    private static double Variance(List<double> values)
    {
        var mean = values.Average();
        return values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1);
    }
}
