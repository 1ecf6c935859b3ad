using System.Text.Json.Nodes;
using Dfns.Registration.EndToEnd.Tests.Running;
using Dfns.Registration.TestKit;
using Dfns.Registration.Verification;

namespace Dfns.Registration.EndToEnd.Tests.Fire;

/// <summary>
/// Somebody who registers, signs in, adds and ends credentials and recovers, and goes on until each is done, whatever becomes of the
/// service meanwhile. What is sent again is the same body.
/// </summary>
/// <param name="ground">Where.</param>
/// <param name="invitation">What there is to register with.</param>
/// <param name="recoveryCode">Has a code for a recovery sent, and gives it.</param>
internal sealed class FirePerson(FireGround ground, Invitation invitation, Func<Invitation, Task<string>> recoveryCode)
{
    private Held first = null!;
    private Held recovery = null!;

    public Ledger Ledger { get; } = new(invitation.Username);

    public async Task LiveAsync()
    {
        await RegisterAsync();
        var session = await SignInAsync(first);
        var added = await AddAsync(session);
        await SignInAsync(added);
        if (ground.Draw(2) == 0) await EndAsync(session, added);
        if (ground.Draw(2) == 0) await RecoverAsync();
        await SignInAsync(first);
    }

    private static Held Make(string challenge, CredentialKind kind = CredentialKind.Key)
    {
        var key = SoftwareKey.P256();
        var made = key.Create(challenge, kind);
        var json = made.ToJson();
        if (kind == CredentialKind.RecoveryKey) json["encryptedPrivateKey"] = "b3BhcXVl";
        return new Held(key, made.CredId, json);
    }

    private async Task RegisterAsync()
    {
        while (true)
        {
            var epoch = ground.Epoch;
            var opened = await ExpectAsync(
                "/auth/registration/init", new JsonObject { ["username"] = invitation.Username, ["registrationCode"] = invitation.Code, ["orgId"] = invitation.OrgId });
            var (challenge, token) = ((string)opened["challenge"]!, (string)opened["temporaryAuthenticationToken"]!);
            // Some send two over one challenge, at once: one of them is the registration.
            Registration[] sent = [.. Enumerable.Range(0, ground.Draw(8) == 0 ? 2 : 1).Select(_ => new Registration(Make(challenge), Make(challenge, CredentialKind.RecoveryKey)))];
            foreach (var body in sent) Ledger.Sent(body.First.Id, body.Recovery.Id);
            var answers = await Task.WhenAll(sent.Select(body => ground.SendAsync(HttpMethod.Post, "/auth/registration", body.Text, token)));
            foreach (var (body, answer) in sent.Zip(answers))
            {
                if (answer.Status == 200) Ledger.Registered(body.First.Id, body.Recovery.Id);
                else Ledger.Is(Told.Refused, body.First.Id, body.Recovery.Id);
            }

            var stored = answers.Count(a => a.Status == 200);
            if (stored == 1)
            {
                (first, recovery) = sent.Zip(answers).Where(a => a.Second.Status == 200).Select(a => (a.First.First, a.First.Recovery)).Single();
                ground.Done();
                return;
            }

            // A challenge is not waited for until it is on the disk; nothing else loses it.
            if (stored > 1 || ground.Epoch == epoch) Fault($"{stored} of {sent.Length} were stored: {string.Join(", ", answers.Select(a => $"{a.Status} {a.Code}"))}");
        }
    }

    private async Task<string> SignInAsync(Held by)
    {
        while (true)
        {
            var epoch = ground.Epoch;
            var opened = await ExpectAsync("/auth/login/init", new JsonObject { ["username"] = invitation.Username, ["orgId"] = invitation.OrgId });
            var answer = await ground.TrySendAsync(HttpMethod.Post, "/auth/login", by.AnswerTo(opened).ToJsonString());
            if (answer?.Status == 200)
            {
                ground.Done();
                return (string)answer.Body["token"]!;
            }

            // One that was not answered may have been taken; it is begun anew then.
            if (answer is not null && ground.Epoch == epoch) Fault($"signing in: {answer.Status} {answer.Code}");
        }
    }

    private async Task<Held> AddAsync(string session)
    {
        while (true)
        {
            var epoch = ground.Epoch;
            var opened = await ExpectAsync("/auth/credentials/init", new JsonObject { ["kind"] = nameof(CredentialKind.Key) }, session);
            var made = Make((string)opened["challenge"]!);
            var body = made.Json.DeepClone().AsObject();
            (body["credentialName"], body["challengeIdentifier"]) = ("Another", (string)opened["challengeIdentifier"]!);
            var text = body.ToJsonString();
            var action = await SignAsync(session, "POST", "/auth/credentials", text);
            Ledger.Sent(made.Id);
            var answer = await ground.TrySendAsync(HttpMethod.Post, "/auth/credentials", text, session, action);
            if (answer is { Status: not 200 })
            {
                Ledger.Is(Told.Refused, made.Id);
                if (ground.Epoch == epoch) Fault($"adding: {answer.Status} {answer.Code}");
                continue;
            }

            if (answer is null && !await IsListedAsync(session, made.Id)) continue;
            Ledger.Is(Told.Stored, made.Id);
            ground.Done();
            return made;
        }
    }

    private async Task EndAsync(string session, Held ending)
    {
        var isUnderWay = false;
        while (true)
        {
            var epoch = ground.Epoch;
            var uuid = (await ListAsync(session)).Where(c => (string?)c!["credentialId"] == ending.Id).Select(c => (string)c!["credentialUuid"]!).SingleOrDefault();
            if (uuid is null)
            {
                if (Ledger.Credentials[ending.Id] == Told.Stored) Fault("a credential that was stored is not listed");
                Ledger.Is(Told.Ended, ending.Id);
                ground.Done();
                return;
            }

            var path = $"/auth/credentials/{uuid}";
            var action = await SignAsync(session, "DELETE", path, "");
            Ledger.Is(Told.PerhapsEnded, ending.Id);
            var answer = await ground.TrySendAsync(HttpMethod.Delete, path, body: null, session, action);
            // One that was hung up on may come to its end after the list was read, and before this one.
            var wasFirst = isUnderWay && answer?.Code == "credential_not_found";
            if (answer is { Status: not 200 } && ground.Epoch == epoch && !wasFirst) Fault($"ending: {answer.Status} {answer.Code}");
            isUnderWay |= answer is null;
        }
    }

    private async Task RecoverAsync()
    {
        while (true)
        {
            var epoch = ground.Epoch;
            var code = await recoveryCode(invitation);
            var opened = await ExpectAsync(
                "/auth/recover/user/init",
                new JsonObject { ["username"] = invitation.Username, ["verificationCode"] = code, ["orgId"] = invitation.OrgId, ["credentialId"] = recovery.Id });
            var challenge = (string)opened["challenge"]!;
            var (newFirst, newRecovery) = (Make(challenge), Make(challenge, CredentialKind.RecoveryKey));
            var credentials = new JsonObject { ["firstFactorCredential"] = newFirst.Json.DeepClone(), ["recoveryCredential"] = newRecovery.Json.DeepClone() };
            var proof = recovery.Key.GetRecovery(credentials.ToJsonString(), recovery.Id).ToJson(CredentialKind.RecoveryKey);
            Ledger.Sent(newFirst.Id, newRecovery.Id);
            var answer = await ground.SendAsync(
                HttpMethod.Post, "/auth/recover/user", new JsonObject { ["recovery"] = proof, ["newCredentials"] = credentials }.ToJsonString(), (string)opened["temporaryAuthenticationToken"]!);
            if (answer.Status == 200)
            {
                Ledger.Recovered(newFirst.Id, newRecovery.Id);
                (first, recovery) = (newFirst, newRecovery);
                ground.Done();
                return;
            }

            Ledger.Is(Told.Refused, newFirst.Id, newRecovery.Id);
            if (ground.Epoch == epoch) Fault($"recovering: {answer.Status} {answer.Code}");
        }
    }

    private async Task<string> SignAsync(string session, string method, string path, string payload)
    {
        while (true)
        {
            var epoch = ground.Epoch;
            var opened = await ExpectAsync(
                "/auth/action/init",
                new JsonObject { ["userActionPayload"] = payload, ["userActionHttpMethod"] = method, ["userActionHttpPath"] = path, ["userActionServerKind"] = "Api" }, session);
            var answer = await ground.TrySendAsync(HttpMethod.Post, "/auth/action", first.AnswerTo(opened).ToJsonString(), session);
            if (answer?.Status == 200) return (string)answer.Body["userAction"]!;
            if (answer is not null && ground.Epoch == epoch) Fault($"signing: {answer.Status} {answer.Code}");
        }
    }

    private async Task<bool> IsListedAsync(string session, string credentialId) => (await ListAsync(session)).Any(c => (string?)c!["credentialId"] == credentialId);

    private async Task<JsonArray> ListAsync(string session)
    {
        var answer = await ground.SendAsync(HttpMethod.Get, "/auth/credentials", body: null, session);
        if (answer.Status != 200) Fault($"listing: {answer.Status} {answer.Code}");
        return answer.Body["items"]!.AsArray();
    }

    // What begins something is sent until it is answered: what an answer that was lost has begun is left alone.
    private async Task<JsonNode> ExpectAsync(string path, JsonObject body, string? bearer = null)
    {
        var answer = await ground.SendAsync(HttpMethod.Post, path, body.ToJsonString(), bearer);
        if (answer.Status != 200) Fault($"{path}: {answer.Status} {answer.Code}");
        return answer.Body;
    }

    private void Fault(string words)
    {
        ground.Faults.Add($"{invitation.Username}: {words}");
        throw new InvalidOperationException(words);
    }

    /// <summary>A key, and the credential it is registered as.</summary>
    private sealed record Held(SoftwareKey Key, string Id, JsonObject Json)
    {
        public JsonObject AnswerTo(JsonNode challenge) => new()
        {
            ["challengeIdentifier"] = (string)challenge["challengeIdentifier"]!,
            ["firstFactor"] = Key.Get((string)challenge["challenge"]!, Id).ToJson(CredentialKind.Key),
        };
    }

    private sealed record Registration(Held First, Held Recovery)
    {
        public string Text { get; } = new JsonObject { ["firstFactorCredential"] = First.Json.DeepClone(), ["recoveryCredential"] = Recovery.Json.DeepClone() }.ToJsonString();
    }
}
