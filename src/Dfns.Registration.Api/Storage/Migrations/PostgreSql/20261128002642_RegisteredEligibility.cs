using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class RegisteredEligibility : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "backup_eligible_at_registration",
                table: "credentials",
                type: "boolean",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_signing_keys_retired_at",
                table: "signing_keys",
                column: "retired_at");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_signing_keys_retired_at",
                table: "signing_keys");

            migrationBuilder.DropColumn(
                name: "backup_eligible_at_registration",
                table: "credentials");
        }
    }
}
